"""The C text that spreads what lies beyond the range of a node over its neighbours."""

FUNCTIONS = (
    "beyond",
    "levels",
    "offers",
    "spread",
    "alone",
    "rest",
    "settle",
    "taken",
)  # `ecs_` before them

# Rows have local columns, owned nodes first; ghosts have rows, too, of their owned neighbours.
# `low` and `high` is what a node may come to by itself, `list` are the owned nodes that may have to
# change, `found` those of them that do. Between steps all of `state`, `gain` and `is_listed` is
# zero.
TEXT = r"""
#include <math.h>

#define LEAST(a, b) ((a) < (b) ? (a) : (b))
#define MOST(a, b) ((a) > (b) ? (a) : (b))

typedef struct {
    double added;      /* beyond the step */
    double side;       /* 1: above the range of all around, -1: below it, 0: in it */
    double level;      /* to which such a node has to come */
    double per_room;   /* what it gives to a neighbour (takes, where it is below): per volume and */
    double per_volume; /* room of that before it comes to the level, too, and per volume */
} State;

typedef struct {
    const double *low, *high, *start, *change, *volume;
    const char *fixed;
    State *state;
    double *gain;
    char *is_listed;
    int *list, *found, *queue;
} Step;

static double value(const Step *s, long i)
{
    return s->start[i] + s->change[i] + s->state[i].added;
}

static double level(const Step *s, long i)
{
    return s->state[i].side != 0.0 ? s->state[i].level : value(s, i);
}

/* Of the first nodes of the list those beyond what they and all around may come to by themselves;
   the end of that is their level, to begin with. */
long ecs_beyond(long n, const int *first, const int *column, const Step *s, double tolerance,
                long count)
{
    long out = 0;
    for (long k = 0; k < count; k++) {
        const int i = s->list[k];
        const double x = value(s, i), ease = tolerance * (1.0 + fabs(x));
        double most = s->high[i], least = s->low[i];
        s->state[i].side = 0.0;
        if (s->fixed[i] || (x <= most + ease && x >= least - ease)) continue;
        for (int m = first[i]; m < first[i + 1]; m++) {
            most = MOST(most, s->high[column[m]]);
            least = LEAST(least, s->low[column[m]]);
        }
        if (x <= most + ease && x >= least - ease) continue;
        s->state[i].side = x > most ? 1.0 : -1.0;
        s->state[i].level = x > most ? most : least;
        s->found[out++] = i;
    }
    return out;
}

/* A level, or that of a neighbour, which is as far as a value; `side` is that of the node. */
static double lifted(double side, double level, double other, double x)
{
    return side > 0.0 ? MOST(level, LEAST(other, x)) : LEAST(level, MOST(other, x));
}

static long queued(const Step *s, int i, long count, long size)
{
    s->is_listed[i] |= 2;
    s->queue[count % size] = i;
    return count + 1;
}

/* Let the level of a node come up to those of its neighbours, or down; whether it does. */
static int pulled(const int *first, const int *column, const Step *s, int i)
{
    const double x = value(s, i), before = s->state[i].level;
    double now = before;
    for (int m = first[i]; m < first[i + 1]; m++)
        now = lifted(s->state[i].side, now, level(s, column[m]), x);
    s->state[i].level = now;
    return now != before;
}

/* Let levels beside a node come up to its own, or down; the end of the queue with those that do. */
static long pushed(long n, const int *first, const int *column, const Step *s, int i, long end,
                   long size)
{
    for (int m = first[i]; m < first[i + 1]; m++) {
        const int j = column[m];
        State *other = s->state + j;
        if (j >= n || other->side == 0.0) continue;
        const double now = lifted(other->side, other->level, s->state[i].level, value(s, j));
        if (now == other->level) continue;
        other->level = now;
        if (!(s->is_listed[j] & 2)) end = queued(s, j, end, size);
    }
    return end;
}

/* Let levels come up to those of neighbours, or down, as far as the values of the nodes; how many
   others let them, and how many nodes lie beyond theirs. */
void ecs_levels(long n, const int *first, const int *column, const Step *s, double tolerance,
                long found, long *counts)
{
    long end = 0;
    for (long k = 0; k < found; k++)
        if (pulled(first, column, s, s->found[k])) end = queued(s, s->found[k], end, found);
    counts[0] = end;
    for (long k = 0; k < end; k++) {
        const int i = s->queue[k % found];
        s->is_listed[i] &= ~2;
        end = pushed(n, first, column, s, i, end, found);
    }
    counts[1] = 0;
    for (long k = 0; k < found; k++) {
        const double x = value(s, s->found[k]), past = fabs(x - s->state[s->found[k]].level);
        counts[1] += past > tolerance * (1.0 + fabs(x));
    }
}

/* How far a neighbour is from the level of a node, on the side from which that is seen. */
static double room(const Step *s, long i, long j)
{
    return MOST(s->state[i].side * (s->state[i].level - value(s, j)), 0.0);
}

/* What nodes beyond their levels give: as much as there is room for goes where it is, in proportion
   to it, the rest in proportion to volumes. */
void ecs_offers(long n, const int *first, const int *column, const Step *s, long found)
{
    for (long k = 0; k < found; k++) {
        const int i = s->found[k];
        State *own = s->state + i;
        double rooms = 0.0, volumes = 0.0;
        for (int m = first[i]; m < first[i + 1]; m++) {
            const int j = column[m];
            if (j == i) continue;
            rooms += s->volume[j] * room(s, i, j);
            volumes += s->volume[j];
        }
        const double amount = s->volume[i] * fabs(value(s, i) - own->level);
        const double placed = LEAST(amount, rooms);
        own->per_room = rooms > 0.0 ? placed / rooms : 0.0;
        own->per_volume = (amount - placed) / volumes;
    }
}

static long listed(const Step *s, int i, long count)
{
    if (s->is_listed[i] & 1) return count;
    s->is_listed[i] |= 1;
    s->list[count] = i;
    return count + 1;
}

/* Sum up what a node gives to its owned neighbours, and that it has it no more, if it is owned;
   the length of the list with these neighbours. */
static long given(long n, const int *first, const int *column, const Step *s, long i, long count)
{
    const State *own = s->state + i;
    if (own->per_room == 0.0 && own->per_volume == 0.0) return count;
    if (i < n) s->gain[i] -= s->volume[i] * (value(s, i) - own->level);
    for (int m = first[i]; m < first[i + 1]; m++) {
        const int j = column[m];
        if (j == i || j >= n) continue;
        const double share = own->per_room * room(s, i, j) + own->per_volume;
        s->gain[j] += own->side * s->volume[j] * share;
        count = listed(s, j, count);
    }
    return count;
}

/* Let all nodes give; the length of the list. What came to fixed nodes stays in `gain`. */
long ecs_spread(long n, const int *first, const int *column, const Step *s, long local, long found,
                long count)
{
    for (long k = 0; k < found; k++) count = given(n, first, column, s, s->found[k], count);
    for (long i = n; i < local; i++) count = given(n, first, column, s, i, count);
    for (long k = 0; k < count; k++) {
        State *own = s->state + s->list[k];
        own->per_room = own->per_volume = 0.0;
        if (s->fixed[s->list[k]]) continue;
        own->added += s->gain[s->list[k]] / s->volume[s->list[k]];
        s->gain[s->list[k]] = 0.0;
    }
    return count;
}

/* On a process that is alone: let nodes give until none lies beyond its level; whether that took
   no more than so many rounds. The length of the list is changed. */
long ecs_alone(long n, const int *first, const int *column, const Step *s, double tolerance,
               long rounds, long *length)
{
    for (long k = 0;; k++) {
        long counts[2];
        const long found = ecs_beyond(n, first, column, s, tolerance, *length);
        ecs_levels(n, first, column, s, tolerance, found, counts);
        if (!counts[1] || k == rounds) return !counts[1];
        ecs_offers(n, first, column, s, found);
        *length = ecs_spread(n, first, column, s, n, found, *length);
    }
}

/* What nodes have beyond their levels (have not, where that is negative), in sum, and how far all
   others, which are free, came down and up from what they may come to by themselves. */
void ecs_rest(long n, const int *first, const int *column, const Step *s, double *sums)
{
    sums[0] = sums[1] = sums[2] = 0.0;
    for (long i = 0; i < n; i++) {
        const double x = value(s, i);
        if (s->fixed[i]) continue;
        if (s->state[i].side != 0.0) {
            sums[0] += s->volume[i] * (x - s->state[i].level);
            continue;
        }
        sums[1] += s->volume[i] * MOST(s->high[i] - x, 0.0);
        sums[2] += s->volume[i] * MOST(x - s->low[i], 0.0);
    }
}

/* Bring nodes to their levels, and all others back by so large a share of how far they came down,
   or up. All nodes are listed then; how many. */
long ecs_settle(long n, const int *first, const int *column, const Step *s, double down, double up,
                long count)
{
    for (long i = 0; i < n; i++) {
        const double x = value(s, i);
        if (s->fixed[i]) continue;
        if (s->state[i].side != 0.0) s->state[i].added += s->state[i].level - x;
        else s->state[i].added += down * MOST(s->high[i] - x, 0.0) - up * MOST(x - s->low[i], 0.0);
        count = listed(s, i, count);
    }
    return count;
}

/* Add what was spread to the increment, if there is one, and leave everything as between steps.
   The sum of amounts that came and went, and the largest change. */
void ecs_taken(long n, const int *first, const int *column, const Step *s, long count,
               double round_off, double *increment, double *sums)
{
    sums[0] = sums[1] = 0.0;
    for (long k = 0; k < count; k++) {
        const int i = s->list[k];
        const double size = fabs(s->state[i].added), x = value(s, i);
        if (increment && size > 0.0) {
            increment[i] = (x < 0.0 && x > -round_off ? 0.0 : x) - s->start[i];
            sums[0] += s->volume[i] * size;
            sums[1] = MOST(sums[1], size);
        }
        s->state[i] = (State){0.0, 0.0, 0.0, 0.0, 0.0};
        s->is_listed[i] = 0;
        s->gain[i] = 0.0;
    }
}
"""
