"""The C text that finds a patch of the tissue, and carries values to it and back."""

PATCH = r"""
#include <math.h>
#include <string.h>

/* Add the free neighbours of nodes of a list from one place on; its new length. */
static long widened(const int *first, const int *column, long from, long to, char *mark, char as,
                    int *list)
{
    long count = to;
    for (long q = from; q < to; q++)
        for (int m = first[list[q]]; m < first[list[q] + 1]; m++) {
            const int j = column[m];
            if (mark[j]) continue;
            mark[j] = as;
            list[count++] = j;
        }
    return count;
}

/* Nodes of which K+ ends elsewhere than its slope let expect, and those of the core; `fastest`
   becomes the highest rate of diffusion at any of them. */
static long hot(long n, const double *before, const double *now, const double *slope,
                double duration, double tolerance, const double *core, const double *rates,
                double *fastest, char *mark, int *list)
{
    long count = 0;
    *fastest = 0.0;
    for (long i = 0; i < n; i++) {
        const double error = fabs(now[i] - before[i] - slope[i] * duration);
        mark[i] = !(error <= tolerance) || core[i] > 0.0;
        if (!mark[i]) continue;
        list[count++] = i;
        if (rates[i] > *fastest) *fastest = rates[i];
    }
    return count;
}

/* The patch of nodes that surprised, widened by so many diffusion lengths, and its border, in the
   order of nodes: `list`, and the `place` of each node in it, -1 elsewhere. sizes: of both, entries
   of their rows, and whether sources or boundaries act there. */
void ecs_patch(long n, const int *first, const int *column, const double *before,
               const double *now, const double *slope, double duration, double tolerance,
               const double *core, const double *rates, double reach, long longest,
               const char *open, char *mark, int *list, int *place, long *sizes)
{
    double fastest;
    long count = hot(n, before, now, slope, duration, tolerance, core, rates, &fastest, mark, list);
    long from = 0, hops = (long)ceil(reach * sqrt(fastest * duration));
    for (; hops > 0 && count <= longest; hops--) {
        const long to = count;
        count = widened(first, column, from, to, mark, 1, list);
        from = to;
    }
    sizes[0] = count;
    sizes[1] = sizes[2] = sizes[3] = 0;
    if (count > longest) return;
    const long all = widened(first, column, 0, count, mark, 2, list);
    long inner = 0, border = count;
    for (long i = 0; i < n; i++) {
        place[i] = mark[i] == 1 ? inner++ : mark[i] == 2 ? border++ : -1;
        if (!mark[i]) continue;
        list[place[i]] = i;
        sizes[2] += first[i + 1] - first[i];
        sizes[3] |= open[i];
    }
    sizes[1] = all;
}

/* Rows of a list of nodes, with the columns that are in it. */
void ecs_rows(long n, const int *first, const int *column, const double *stiffness,
              const double *mass, long count, const int *list, const int *place, int *own_first,
              int *own_column, double *own_stiffness, double *own_mass)
{
    int end = 0;
    own_first[0] = 0;
    for (long q = 0; q < count; q++) {
        for (int m = first[list[q]]; m < first[list[q] + 1]; m++) {
            if (place[column[m]] < 0) continue;
            own_column[end] = place[column[m]];
            own_stiffness[end] = stiffness[m];
            own_mass[end++] = mass[m];
        }
        own_first[q + 1] = end;
    }
}

/* Values of arrays at listed nodes. */
void ecs_gather(long count, const int *list, long arrays, const double *const *from,
                double *const *to)
{
    for (long j = 0; j < arrays; j++)
        for (long q = 0; q < count; q++) to[j][q] = from[j][list[q]];
}

/* The way back. */
void ecs_scatter(long count, const int *list, long arrays, const double *const *from,
                 double *const *to)
{
    for (long j = 0; j < arrays; j++)
        for (long q = 0; q < count; q++) to[j][list[q]] = from[j][q];
}

/* What a step of the whole tissue brings from a patch to its border, whose rows come last. The
   sum over the patch of what its equations leave over. */
double ecs_border(long inner, long local, const int *first, const int *column,
                const double *stiffness, const double *mass, const int *list, double ratio,
                double duration, const double *volume, const double *middle,
                  const double *change, double *brought)
{
    double left = 0.0;
    for (long i = 0; i < inner; i++) left += volume[i] * change[list[i]];
    for (long b = inner; b < local; b++) {
        const int here = list[b];
        brought[b] = 0.0;
        for (int m = first[b]; m < first[b + 1]; m++) {
            if (column[m] >= inner) continue;
            const int there = list[column[m]];
            brought[b] -= duration * ratio * stiffness[m] * (middle[there] - middle[here]);
            brought[b] -= mass[m] * (change[there] - change[here]);
        }
        left += brought[b];
    }
    return left;
}

/* Bring an amount to all nodes but those that are marked with 1, in proportion to what moved when
   volumes were such; they may be others now. */
void ecs_bring(long n, double amount, const char *mark, const double *volume, const double *now,
               double *change, double *values)
{
    double size = 0.0;
    for (long i = 0; i < n; i++) size += mark[i] == 1 ? 0.0 : volume[i] * fabs(change[i]);
    const double share = size > 0.0 ? amount / size : 0.0;
    for (long i = 0; i < n; i++) {
        const double more = mark[i] == 1 ? 0.0 : share * fabs(change[i]);
        change[i] += more;
        values[i] += more * (volume[i] / now[i]);
    }
}
"""
