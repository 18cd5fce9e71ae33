#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
"""
The rows of budgets.tsv, worked out from what odplat has measured.

    rows.py cases                   the cases that the rows and their references are made of
    rows.py check FILE              FILE (odplat --counted --json) against recorded.tsv
    rows.py check --results FILE    the same as lines of the test suite

A row is worse than recorded when one of three has grown:

- the mean98 and the median, both by more than TOLERANCE: every operation costs more;
- the mean98 alone, by more than TOLERANCE and SPREADS times what it was seen to differ by from run
  to run: some operations stall;
- the p99 of the case, by more than TAIL and TAIL_SPREADS times what it was seen to differ by, above
  the largest recorded: few operations stall. Of fewer samples than TAIL_SAMPLES it may grow by
  TAIL_FEW: two of 100 that the kernel interrupted are the p99, and one of 707 was 894 in another
  run.

A difference must have grown by REPEATABLE of its minuend besides, or it would be noise. A row whose
budget is a promise (a ratio, or "rxe") must keep that too, once it was recorded so; with "rxe" as
far as the row repeats.
"""
import os
import re
import sys
from collections import namedtuple

sys.dont_write_bytecode = True
from measured import Measured  # noqa: E402 (leaves no files beside it)

HERE = os.path.dirname(os.path.abspath(__file__))
RECORDED = os.path.join(HERE, 'recorded.tsv')
TOLERANCE = 0.05
REPEATABLE = 0.02
TAIL = 0.20
TAIL_FEW = 1.00
TAIL_SAMPLES = 500
SPREADS = 4
TAIL_SPREADS = 2

# Of a row on pinless: means over the runs, the largest p99 of its minuend, mean98 on rxe, and how
# far mean98 and p99 lie apart in the runs, as shares.
Recorded = namedtuple('Recorded', 'mean98 median p99 rxe spread tail_spread')


class Row:
    """One line of budgets.tsv."""

    def __init__(self, line):
        (self.name, self.minuend, self.subtrahend, self.divisor, self.reference,
         self.reference_name, self.budget) = line.split('\t')

    def is_ratio(self):
        """Whether the row is a case divided by another."""
        return not re.fullmatch(r'[0-9]+', self.divisor)

    def is_promise(self):
        """Whether the check holds the budget too."""
        return self.is_ratio() or self.budget == 'rxe'

    def is_memory(self):
        """Whether the row counts bytes, which a check of instructions does not."""
        return self.minuend.startswith('growth.memory.')

    def cases(self):
        """The cases that the figure of a device needs."""
        return [case for case in (self.minuend, self.subtrahend,
                                  self.divisor if self.is_ratio() else '') if case]

    def value(self, measured, device, statistic=None):
        """The figure of a device, or None."""
        figures = [measured.figure(device, case, statistic) for case in self.cases()]
        if None in figures:
            return None
        value = figures[0] - (figures[1] if self.subtrahend else 0)
        return value / (figures[-1] if self.is_ratio() else int(self.divisor))

    def noise(self, measured):
        """What a difference of two figures may be off, because these repeat so and so well."""
        if not self.subtrahend:
            return 0
        return REPEATABLE * measured.figure('pinless', self.minuend) / int(self.divisor)

    def tail(self, measured):
        """The p99 of the case that the row is about; a ratio has none."""
        return None if self.is_ratio() else measured.figure('pinless', self.minuend, 'p99')

    def limit(self, rxe):
        """The budget as a number, or None; rxe is the row's figure on rxe."""
        return rxe if self.budget == 'rxe' else float(self.budget.split()[0])

    def slug(self):
        """A name without blanks."""
        return re.sub(r'[^a-z0-9]+', '-', self.name.lower()).strip('-')


def load_rows():
    """The rows of budgets.tsv."""
    with open(os.path.join(HERE, 'budgets.tsv'), encoding='utf-8') as file:
        return [Row(line.rstrip('\n')) for line in file if not line.startswith('#')]


def load_recorded():
    """What was recorded, by the names of the rows."""
    recorded = {}
    with open(RECORDED, encoding='utf-8') as file:
        for line in file:
            if not line.startswith('#'):
                name, *figures = line.rstrip('\n').split('\t')
                recorded[name] = Recorded(*(None if x == '-' else float(x) for x in figures))
    return recorded


def apart(values):
    """How far the largest lies above the least, as a share."""
    return max(values) / min(values) - 1


def record(row, runs, compared):
    """A row as it came out in several runs of the check, and on rxe in a run that has it."""
    mean98, median = ([row.value(run, 'pinless', statistic) for run in runs]
                      for statistic in ('mean98', 'median'))
    tails = [row.tail(run) for run in runs]
    if None in mean98:
        return Recorded(None, None, None, row.value(compared, 'rxe'), None, None)
    return Recorded(sum(mean98) / len(runs), sum(median) / len(runs),
                    None if None in tails else max(tails), row.value(compared, 'rxe'),
                    apart(mean98), None if None in tails else apart(tails))


def save_recorded(runs, compared):
    """
    Records the figures of runs of the check, and those of rxe from a run that has it. Only what was
    taken as the check takes it is comparable: how scattered physical memory is, is a matter of what
    ran before.
    """
    with open(RECORDED, 'w', encoding='utf-8') as file:
        file.write('# SPDX-License-Identifier: GPL-2.0\n'
                   f'# Made by tests/perf/update-docs from {len(runs)} runs; thousands of '
                   'instructions.\n'
                   '# Row of budgets.tsv\tpinless mean98\tmedian\tp99 of the case\trxe mean98\t'
                   'spread of mean98\tspread of p99\n')
        for row in load_rows():
            if not row.is_memory():
                file.write('\t'.join([row.name] + ['-' if v is None else f'{v:.4f}' for v in
                                                   record(row, runs, compared)]) + '\n')


def show(value):
    """A figure with three that matter."""
    if value is None:
        return '-'
    digits = 0 if abs(value) >= 1000 else 1 if abs(value) >= 100 else 3 if abs(value) < 2 else 2
    return f'{value:.{digits}f}'


def is_worse(seen, recorded, share, noise=0):
    """Whether a figure has grown by more than is allowed."""
    return seen > recorded + max(abs(recorded) * share, noise)


def judge_cost(row, measured, recorded, seen):
    """Whether the row costs more, in every operation or in some; returns what is wrong, or None."""
    median = row.value(measured, 'pinless', 'median')
    noise = row.noise(measured)
    alone = max(TOLERANCE, SPREADS * recorded.spread)
    grown = (f'recorded {show(recorded.mean98)}, seen {show(seen)}: '
             f'{(seen / recorded.mean98 - 1) * 100:.1f} % worse')
    if is_worse(seen, recorded.mean98, TOLERANCE, noise) and \
            is_worse(median, recorded.median, TOLERANCE, noise):
        return f'{grown}, {TOLERANCE * 100:.0f} % are allowed'
    if is_worse(seen, recorded.mean98, alone, noise):
        return f'{grown}, but not the median: some operations stall; {alone * 100:.1f} % are allowed'
    return None


def judge_tail(row, measured, recorded):
    """Whether few operations stall; returns what is wrong, or None."""
    seen = row.tail(measured)
    if recorded.p99 is None:
        return None
    if seen is None:
        return f'p99 of {row.minuend}: recorded {show(recorded.p99)}, and now there are too few samples'
    few = measured.samples('pinless', row.minuend) < TAIL_SAMPLES
    allowed = max(TAIL_FEW if few else TAIL, TAIL_SPREADS * recorded.tail_spread)
    if not is_worse(seen, recorded.p99, allowed):
        return None
    return (f'p99 of {row.minuend}: recorded {show(recorded.p99)}, seen {show(seen)}: few operations '
            f'stall; {allowed * 100:.0f} % are allowed')


def judge(row, measured, recorded):
    """Returns what is wrong with the row, or None."""
    seen = row.value(measured, 'pinless')
    if seen is None:
        errors = [measured.find('pinless', case) for case in row.cases()]
        errors = [r['error'] for r in errors if r and r['error']]
        return f'has no figure: {errors[0] if errors else "it was not measured"}'
    if row.reference and reference(row, measured) is None:
        return f'its reference {row.reference} was not measured'
    if recorded is None or recorded.mean98 is None:
        return f'has no recorded figure (seen: {show(seen)})'
    limit = row.limit(recorded.rxe) if row.is_promise() else None
    if limit is not None and row.budget == 'rxe':
        # A measured figure, of another run: both repeat only so well.
        limit *= 1 + SPREADS * recorded.spread
    if limit is not None and \
            recorded.mean98 <= limit < min(seen, row.value(measured, 'pinless', 'median')):
        return f'recorded {show(recorded.mean98)}, seen {show(seen)}: the limit is {show(limit)}'
    return judge_cost(row, measured, recorded, seen) or judge_tail(row, measured, recorded)


def reference(row, measured, statistic=None):
    """What the CPU or the kernel needs for the same, or None."""
    value = measured.figure('cpu', row.reference, statistic)
    return measured.figure('pinless', row.reference, statistic) if value is None else value


def check(path, results):
    """Prints each row with its verdict; returns the number of those that are worse."""
    measured = Measured(path)
    recorded = load_recorded()
    rows = [row for row in load_rows() if not row.is_memory()]
    bad = 0
    if not measured.counted:
        sys.exit(f'{path} was not taken with --counted')
    if not results:
        print(f'{"thousands of instructions":52} {"recorded":>9} {"seen":>9}')
    for row in rows:
        wrong = judge(row, measured, recorded.get(row.name))
        bad += wrong is not None
        if results:
            print(f'RESULT {"FAIL" if wrong else "pass"} counted.{row.slug()} 0 {wrong or ""}')
        else:
            print(f'{row.name:52} {show(recorded[row.name].mean98 if row.name in recorded else None):>9} '
                  f'{show(row.value(measured, "pinless")):>9}  {"WORSE" if wrong else "ok"}')
            if wrong:
                print(f'  {row.name}: {wrong}')
    if not bad and not results:
        print(f'All {len(rows)} rows are as recorded.')
    elif not results:
        print(f'{bad} of {len(rows)} rows are worse than recorded in tests/perf/recorded.tsv.\n'
              'If that is meant to be so, record anew: tests/perf/regenerate DIR check counted (docs/measuring.md).')
    return bad


def main():
    """The command line."""
    words = sys.argv[1:]
    if words == ['cases']:
        cases = {case: None for row in load_rows() if not row.is_memory()
                 for case in row.cases() + ([row.reference] if row.reference else [])}
        print('\n'.join(cases))
    elif words[:1] == ['check'] and len(words) == 2:
        sys.exit(1 if check(words[1], False) else 0)
    elif words[:2] == ['check', '--results'] and len(words) == 3:
        check(words[2], True)
    else:
        sys.exit(__doc__)


if __name__ == '__main__':
    main()
