"""The C text of steps of one ion that moves alone, over rows as those of `increment_kernel`.

Residuals are found with the two matrices, in double precision. What corrects a guess by them is
found with the matrix of the step in single, of which less is to be read; vectors and sums are in
double, so that no order of sums matters more than to round-off. Rows act on differences between
nodes: what they add up to is exact.
"""

PASSES = ("step", "begin", "turn", "product", "descend", "alone", "corrected")

TEXT = r"""
#include <math.h>

/* The matrix of a step, entry by entry, what each row adds up to, and one over the diagonal; all
   zero at fixed nodes. Rows of stiffness add up to zero. */
void ecs_step(long n, const int *first, const int *column, const double *stiffness,
              const double *mass, const double *exchange, const char *fixed, double part,
              double ratio, float *entry, double *whole, double *inverse)
{
    for (long i = 0; i < n; i++) {
        const double share = fixed && fixed[i] ? 0.0 : 1.0;
        double sum = part * exchange[i], diagonal = sum;
        for (int k = first[i]; k < first[i + 1]; k++) {
            const double a = mass[k] + part * ratio * stiffness[k];
            sum += mass[k];
            diagonal += column[k] == i ? a : 0.0;
            entry[k] = share * a;
        }
        whole[i] = share * sum;
        inverse[i] = share / diagonal;
    }
}

/* Right side of a step of u, and what it has beyond the guess d; `far` holds u and d of ghosts. At
   fixed nodes both mean nothing: `inverse` is zero there.
   sums: squares of both, preconditioned. */
void ecs_begin(long n, const int *first, const int *column, const double *stiffness,
               const double *mass, const double *exchange, double part, double ratio,
               const double *u, const double *d, const double *far, const double *brought,
               double dt, double scale, const double *inverse, double *right, double *residual,
               double *sums)
{
    double square = 0.0, rest = 0.0;
    for (long i = 0; i < n; i++) {
        double flow = 0.0, spread = 0.0, kept = 0.0;
        for (int k = first[i]; k < first[i + 1]; k++) {
            const long j = column[k], ghost = j - n;
            const double there = ghost < 0 ? d[j] : far[2 * ghost + 1];
            flow += stiffness[k] * ((ghost < 0 ? u[j] : far[2 * ghost]) - u[i]);
            spread += stiffness[k] * (there - d[i]);
            kept += mass[k] * there;
        }
        double b = -dt * (ratio * flow + exchange[i] * u[i]);
        double a = kept + part * (ratio * spread + exchange[i] * d[i]);
        if (brought) b += brought[i];
        b *= scale;
        if (right) right[i] = b;
        residual[i] = b - a;
        square += b * b * inverse[i];
        rest += (b - a) * (b - a) * inverse[i];
    }
    sums[0] = square;
    sums[1] = rest;
}

/* The next direction p. */
void ecs_turn(long n, double share, const double *inverse, const double *residual, double *p)
{
    for (long i = 0; i < n; i++) p[i] = inverse[i] * residual[i] + share * p[i];
}

/* The matrix times p; p times that. Two sums of a row fill each other's gaps. */
double ecs_product(long n, const int *first, const int *column, const float *entry,
                   const double *whole, const double *p, double *image)
{
    for (long i = 0; i < n; i++) {
        const double own = p[i];
        const int end = first[i + 1];
        double sum = whole[i] * own, other = 0.0;
        int k = first[i];
        for (; k + 1 < end; k += 2) {
            sum += entry[k] * (p[column[k]] - own);
            other += entry[k + 1] * (p[column[k + 1]] - own);
        }
        if (k < end) sum += entry[k] * (p[column[k]] - own);
        image[i] = sum + other;
    }
    double total = 0.0;
#pragma omp simd reduction(+ : total)
    for (long i = 0; i < n; i++) total += p[i] * image[i];
    return total;
}

/* A step along p; squares of the new residual, preconditioned. */
double ecs_descend(long n, double way, const double *inverse, const double *p,
                   const double *image, double *x, double *residual)
{
    double total = 0.0;
#pragma omp simd reduction(+ : total)
    for (long i = 0; i < n; i++) {
        const double r = residual[i] - way * image[i];
        x[i] += way * p[i];
        residual[i] = r;
        total += r * r * inverse[i];
    }
    return total;
}

/* All iterations of a process that is alone; -1 if `most` are not enough. */
int ecs_alone(long n, const int *first, const int *column, const float *entry, const double *whole,
              const double *inverse, double left, double enough, int most, double *p,
              double *image, double *x, double *residual)
{
    double share = 0.0;
    for (int iteration = 0; iteration <= most; iteration++) {
        if (!(left > enough)) return iteration;
        ecs_turn(n, share, inverse, residual, p);
        const double way = left / ecs_product(n, first, column, entry, whole, p, image);
        const double now = ecs_descend(n, way, inverse, p, image, x, residual);
        share = now / left;
        left = now;
    }
    return -1;
}

/* An increment, its guess, changed by what was found, which is zero afterwards. */
void ecs_corrected(long n, const double *guess, double *x, double *p, double *increment)
{
    for (long i = 0; i < n; i++) {
        increment[i] = guess[i] + x[i];
        x[i] = p[i] = 0.0;
    }
}
"""
