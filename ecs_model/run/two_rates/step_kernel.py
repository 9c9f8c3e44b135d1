"""The C text of the transport of a patch in one step, with its border as nodes that are given.

Increments and the limiter are those of the whole tissue. What the equations of inner nodes bring to
the border, and what the limiter does, is summed up for its correction.
"""

TEXT = r"""
#define TOLERANCE 1e-12  /* of a range: what round-off may do */
#define ROUND_OFF 1e-11  /* mM: what may be below zero, and becomes zero */
#define FLOOR 1e-13      /* mM at a node: no solver can do better */
#define MUCH 1e-2        /* left over, of what moves */
#define SHARPER 4        /* tries with a hundredth of the tolerance each */
#define MOST_ITERATIONS 2000
#define ROUNDS 20

typedef long Advance(long, double, double, double, long, double *const *, const double *const *,
                     double *, long *, void *);

typedef struct {
    long states, inner, local, ticks, level, substeps, swells;
    double start, tick, tolerance, rtol, membrane_tolerance, nearest, farthest, exponent;
} Task;

typedef struct {
    Advance *advance;
    double *const *state, *const *kept;
    const double *const *input;
    double *trial, *kept_trial;
    long *blocks;
    const int *first, *column;
    double *stiffness, *mass, *volume;
    const double *ratio;
    double *const *value, *const *change;      /* of ions; those of the border as a step needs it */
    double *const *edge, *const *rate;         /* of the border: at the time, and its change */
    double *const *transported;                /* the part of that which transport brings */
    double *const *tried, *const *gained;      /* what came to the border in a step, and in all */
    double *const *moved;                      /* what transport brought to inner nodes in all */
    double *border_mass, *border_stiffness;    /* of inner nodes, summed over the border */
    double *packed, *right, *residual, *inverse, *direction, *image, *found;
    double *last, *slope, *reacted, *course, *times;
    const char *fixed;
    int *excuse, *suspects;
    State *spread;
    double *gain;
    char *is_listed;
    int *sticking, *queue;
    long *counts;                              /* of `fine.COUNTS` */
    const double *stiffness_rest, *mass_rest, *volume_rest, *alpha_rest;  /* where cells swell */
    double *alpha, *alpha_edge, *alpha_rate, *weight;
    double *given, *corrections;               /* of ions: by membranes; of the limiter */
} Patch;

/* Volumes as alpha is now. */
static void swell(const Task *t, const Patch *p)
{
    for (long i = 0; t->swells && i < t->local; i++)
        p->volume[i] = p->volume_rest[i] * (p->alpha[i] / p->alpha_rest[i]);
}

/* Let edges of a matrix have the mean weight of their ends; rows of inner nodes add up to `sum`. */
static void weigh(const Task *t, const Patch *p, const double *rest, const double *sum,
                  double *matrix)
{
    for (long i = 0; i < t->local; i++) {
        double edges = 0.0;
        int own = p->first[i];
        for (int m = p->first[i]; m < p->first[i + 1]; m++) {
            const int j = p->column[m];
            if (j == i) { own = m; continue; }
            matrix[m] = 0.5 * rest[m] * (p->weight[i] + p->weight[j]);
            edges += matrix[m];
        }
        matrix[own] = (sum ? sum[i] : 0.0) - edges;
    }
}

/* The matrices of a step, as alpha is before its transport, and at the border half-way. */
static void follow(const Task *t, const Patch *p, double dt)
{
    if (!t->swells) return;
    for (long b = t->inner; b < t->local; b++)
        p->alpha[b] = p->alpha_edge[b] + 0.5 * dt * p->alpha_rate[b];
    swell(t, p);
    for (long i = 0; i < t->local; i++) p->weight[i] = p->alpha[i] / p->alpha_rest[i];
    weigh(t, p, p->mass_rest, p->volume, p->mass);
    for (long i = 0; i < t->local; i++) p->weight[i] = pow(p->weight[i], 1.0 + 2.0 * t->exponent);
    weigh(t, p, p->stiffness_rest, 0, p->stiffness);
}

/* Sums over the border of the rows of inner nodes. */
static void sum_border(const Task *t, const Patch *p)
{
    for (long i = 0; i < t->inner; i++) {
        p->border_mass[i] = p->border_stiffness[i] = 0.0;
        for (int m = p->first[i]; m < p->first[i + 1]; m++)
            if (p->column[m] >= t->inner) {
                p->border_mass[i] += p->mass[m];
                p->border_stiffness[i] += p->stiffness[m];
            }
    }
}

/* The border as Crank-Nicolson sees it: half-way, and what transport brings there. */
static void halfway(const Task *t, const Patch *p, double dt)
{
    for (int k = 0; k < IONS; k++)
        for (long b = t->inner; b < t->local; b++) {
            const double brought = p->transported[k][b];
            p->change[k][b] = dt * brought;
            p->value[k][b] = p->edge[k][b] + 0.5 * dt * (p->rate[k][b] - brought);
        }
}

/* The border as it is when a step begins, and how it changes. */
static void as_it_is(const Task *t, const Patch *p, double dt)
{
    for (int k = 0; k < IONS; k++)
        for (long b = t->inner; b < t->local; b++) {
            p->change[k][b] = dt * p->rate[k][b];
            p->value[k][b] = p->edge[k][b];
        }
}

/* Find increments by conjugate gradients, from what they are; whether that converges. */
static int solved(const Task *t, const Patch *p, double dt, double rtol)
{
    double sums[2 * LANES] = {0.0}, enough[LANES] = {0.0}, share[LANES] = {0.0}, left[LANES];
    long counts[LANES] = {0};
    double floor = 0.0;
    for (long i = 0; i < t->inner; i++) floor += FLOOR * FLOOR * p->volume[i];
    ecs_inverse(t->inner, p->first, p->column, p->stiffness, p->mass, p->ratio, 0, 0.5 * dt,
                p->inverse);
    ecs_pack(t->local, (const double *const *)p->value, 0, (const double *const *)p->change, 1.0,
             0, p->packed);
    ecs_begin(t->inner, p->first, p->column, p->stiffness, p->mass, p->packed, p->ratio, p->ratio,
              0, 0, 0, p->inverse, dt, 0.5 * dt, 1.0, 0.5, 0, 0, p->right, p->residual, sums);
    for (int k = 0; k < IONS; k++) {
        left[k] = sums[LANES + k];
        enough[k] = MOST(rtol * rtol * sums[k], floor);
    }
    memset(p->direction, 0, t->local * sizeof(lanes));
    memset(p->found, 0, t->inner * sizeof(lanes));
    const int done = ecs_alone(t->inner, p->first, p->column, p->stiffness, p->mass, p->ratio, 0, 0,
                               0.5 * dt, p->inverse, enough, MOST_ITERATIONS, left, p->direction,
                               p->image, p->found, p->residual, share, sums, counts);
    ecs_unpack(t->inner, p->found, 1.0, 0, 0.0, p->change);
    for (int k = 0; k < IONS; k++) p->counts[2] += counts[k];
    return done;
}

/* What the border brings to inner nodes if these do not change. */
static double due(const Task *t, const Patch *p, int k, double dt)
{
    double sum = 0.0;
    for (long b = t->inner; b < t->local; b++) {
        const double middle = p->value[k][b] + 0.5 * p->change[k][b];
        for (int m = p->first[b]; m < p->first[b + 1]; m++) {
            const int i = p->column[m];
            if (i >= t->inner) continue;
            sum -= dt * p->ratio[k] * p->stiffness[m] * (middle - p->value[k][i]);
            sum -= p->mass[m] * p->change[k][b];
        }
    }
    return sum;
}

/* Give back what solving left over, in proportion to increments; whether that is little. */
static int closed(const Task *t, const Patch *p, int k, double dt, int is_last)
{
    double *const d = p->change[k], part = 0.5 * dt * p->ratio[k], weighed = 0.0, size = 0.0;
    for (long i = 0; i < t->inner; i++) {
        const double w = p->volume[i] - p->border_mass[i] - part * p->border_stiffness[i];
        weighed += w * d[i];
        size += fabs(w * d[i]);
    }
    const double left = due(t, p, k, dt) - weighed;
    if (!(size < 1e300)) return 0;
    if (!is_last && fabs(left) > MUCH * size) return 0;
    const double share = size > 0.0 ? left / size : 0.0;
    for (long i = 0; i < t->inner; i++) {
        const double w = p->volume[i] - p->border_mass[i] - part * p->border_stiffness[i];
        d[i] += (w < 0.0 ? -share : share) * fabs(d[i]);
    }
    return 1;
}

static int found_increments(const Task *t, const Patch *p, double dt)
{
    double rtol = t->rtol;
    for (int again = 0; again <= SHARPER; again++, rtol *= 1e-2) {
        int all = solved(t, p, dt, rtol);
        for (int k = 0; all && k < IONS; k++) all = closed(t, p, k, dt, again == SHARPER);
        if (all) return 1;
    }
    return 0;
}

/* What comes from inner nodes to the border. */
static void arrive(const Task *t, const Patch *p, double dt)
{
    for (int k = 0; k < IONS; k++)
        for (long b = t->inner; b < t->local; b++) {
            const double *const u = p->value[k], *const d = p->change[k];
            const double middle = u[b] + 0.5 * d[b];
            double sum = 0.0;
            for (int m = p->first[b]; m < p->first[b + 1]; m++) {
                const int i = p->column[m];
                if (i >= t->inner) continue;
                sum -= dt * p->ratio[k] * p->stiffness[m] * (u[i] + 0.5 * d[i] - middle);
                sum -= p->mass[m] * (d[i] - d[b]);
            }
            p->tried[k][b] = sum;
        }
}

/* Spread what an ion has beyond its range; whether there is room. */
static int spread(const Task *t, const Patch *p, int k, long length)
{
    const Step s = {p->value[k], p->value[k], p->value[k], p->change[k], p->volume, p->fixed,
                    p->spread, p->gain, p->is_listed, p->suspects, p->sticking, p->queue};
    double sums[2];
    for (long j = 0; j < length; j++) p->is_listed[p->suspects[j]] = 1;
    const int has = ecs_spread_alone(t->local, p->first, p->column, &s, TOLERANCE, ROUNDS, &length);
    if (has)
        for (long b = t->inner; b < t->local; b++) p->tried[k][b] += p->gain[b];
    ecs_taken(t->local, p->first, p->column, &s, length, ROUND_OFF, has ? p->change[k] : 0, sums);
    if (!has) return 0;
    p->corrections[3 * k] += 1.0;
    p->corrections[3 * k + 1] += 0.5 * sums[0];
    p->corrections[3 * k + 2] = MOST(p->corrections[3 * k + 2], sums[1]);
    return 1;
}

/* Keep all ions within what their surroundings allow; whether that can be done here. */
static int limited(const Task *t, const Patch *p, double dt)
{
    for (int k = 0; k < IONS; k++) {
        const Move move = {{p->value[k], p->value[k], p->value[k], p->change[k]}, p->fixed,
                           p->excuse + 2 * k * t->local, p->suspects};
        long seen[3];
        look(t->inner, p->first, p->column, &move, TOLERANCE, seen);
        if (!seen[0]) continue;
        if (dt < t->nearest || dt > t->farthest || !spread(t, p, k, seen[1])) return 0;
    }
    return 1;
}
"""
