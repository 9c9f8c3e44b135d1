"""The C that notes what neurons did in accepted sub-steps: spikes, and ranges of V or rates."""

FIRING = """\
/* What neurons did. Events are triples of node, time and number of spikes: of one spike where V
   rises through `onset`, if it was below `offset` since the last; of a population, from where its
   rate rises through `onset` to where it falls below `offset`. With the range of V, or of the rate,
   and of populations the rate before; `fires`: whether each fires, or waits for V to fall. */
struct trace { double onset, offset; long count, room;
               double *events, *low, *high, *rate, *fires; };

static int note(struct trace *trace, long node, double time, double spikes)
{
  if (trace->count == trace->room) {
    const long room = 2 * trace->room + 64;
    double *more = realloc(trace->events, 3 * room * sizeof(double));
    if (!more) return 0;
    trace->events = more;
    trace->room = room;
  }
  double *event = trace->events + 3 * trace->count++;
  event[0] = node;
  event[1] = time;
  event[2] = spikes;
  return 1;
}

/* Note what V did in an accepted sub-step of a block; 0 if there is no memory. */
static int watch(struct trace *trace, long start, long count, double now, double dt,
                 const double *restrict before, const double *restrict after)
{
  double *restrict low = trace->low + start, *restrict high = trace->high + start;
  const double level = trace->onset, reset = trace->offset;
  long changes = 0;
  #pragma omp simd reduction(+:changes)
  for (long i = 0; i < count; ++i) {
    low[i] = low[i] < after[i] ? low[i] : after[i];
    high[i] = high[i] > after[i] ? high[i] : after[i];
    changes += (before[i] < level) & (after[i] >= level);
    changes += (before[i] >= reset) & (after[i] < reset);
  }
  for (long i = 0; changes > 0 && i < count; ++i) {
    double *fires = trace->fires + start + i;
    if (before[i] < reset || after[i] < reset) *fires = 0.0;
    if (before[i] >= level || after[i] < level || *fires > 0.0) continue;
    const double share = (level - before[i]) / (after[i] - before[i]);
    if (!note(trace, start + i, now + dt * share, 1.0)) return 0;
    *fires = 1.0;
  }
  return 1;
}

/* Note the rates of populations at the end of an accepted sub-step; 0 if there is no memory. */
static int follow(struct trace *trace, long start, long count, double now, double dt,
                  const double *restrict rates)
{
  for (long i = 0; i < count; ++i) {
    const double r = rates[i], before = trace->rate[start + i], on = trace->fires[start + i];
    const double level = on ? trace->offset : trace->onset;
    const int crosses = on ? r < level : r >= level;
    const double share = crosses && r != before ? (level - before) / (r - before) : 1.0;
    const double at = share > 0.0 && share < 1.0 ? share : 1.0;  /* of a jump: its end */
    if (r < trace->low[start + i]) trace->low[start + i] = r;
    if (r > trace->high[start + i]) trace->high[start + i] = r;
    trace->rate[start + i] = r;
    trace->fires[start + i] = crosses ? !on : on;
    const double mean = 0.5 * (fmax(r, 0.0) + fmax(before, 0.0));
    if (on && !note(trace, start + i, now + dt * at, mean * dt * at)) return 0;
    if (!on && crosses) {
      if (!note(trace, start + i, now + dt * at, 0.0)) return 0;
      if (at < 1.0 && !note(trace, start + i, now + dt, 0.5 * (r + level) * dt * (1.0 - at)))
        return 0;
    }
  }
  return 1;
}

void ecs_forget(struct trace *trace)
{
  free(trace->events);
  trace->events = 0;
  trace->count = trace->room = 0;
}

/* Note what was noted elsewhere, triples as above; 0 if there is no memory. */
int ecs_add(struct trace *trace, long count, const double *events)
{
  for (long k = 0; k < count; ++k) {
    const double *event = events + 3 * k;
    if (!note(trace, (long)event[0], event[1], event[2])) return 0;
  }
  return 1;
}
"""
