#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
"""
The rows of budgets.tsv, worked out from what odplat has measured.

    rows.py cases                   the cases that the rows and their floors are made of
    rows.py check FILE              FILE (odplat --counted --json) against recorded.tsv
    rows.py check --results FILE    the same as lines of the test suite

A row is worse than recorded when it has grown by more than TOLERANCE, by the
mean98 and by the median: a cost that is really there moves both, while a few
samples that met the scheduler move the one or the other. A difference must have
grown by REPEATABLE of its minuend besides, or it would be noise. A row whose budget is
a promise (a ratio, or "rxe") must keep that too, once it was recorded so.
"""
import json
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
RECORDED = os.path.join(HERE, 'recorded.tsv')
TOLERANCE = 0.05
REPEATABLE = 0.02
MIB = 1 << 20


class Measured:
    """The rows of one or more files of odplat."""

    def __init__(self, *paths):
        self.rows = {}
        self.order = []
        self.counted = True
        self.kernel = ''
        for path in paths:
            with open(path, encoding='utf-8') as file:
                content = json.load(file)
            self.counted = content['mode'] == 'counted'
            self.kernel = self.kernel or content['kernel']
            for row in content['rows']:
                self.rows[row['device'], row['case']] = row
                self.order.append(row)

    def find(self, device, case):
        """The row of a case; device is the beginning of a name."""
        for (name, other), row in self.rows.items():
            if other == case and name.startswith(device):
                return row
        return None

    def figure(self, device, case, statistic=None):
        """Thousands of instructions, microseconds or MiB; None where there is no figure."""
        row = self.find(device, case)
        if row is None or row['error'] is not None or not row['n']:
            return None
        # Medians of counted runs depend on the phase of the scheduler.
        if row['unit'] == 'B':
            return row['median'] / MIB
        value = row[statistic or ('mean98' if self.counted else 'median')]
        # Too few samples have no mean without the top 2 %.
        return (row['median'] if value is None else value) / 1000


class Row:
    """One line of budgets.tsv."""

    def __init__(self, line):
        (self.name, self.minuend, self.subtrahend, self.divisor, self.floor,
         self.budget) = line.split('\t')

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
    """What was recorded: row name to mean98 and median on pinless, mean98 on rxe."""
    recorded = {}
    with open(RECORDED, encoding='utf-8') as file:
        for line in file:
            if line.startswith('#'):
                continue
            name, *figures = line.rstrip('\n').split('\t')
            recorded[name] = tuple(float(x) if x != '-' else None for x in figures)
    return recorded


def save_recorded(measured, compared):
    """
    Records the figures of a check, and those of rxe from a run that has it. Only what was taken
    as the check takes it is comparable: how scattered physical memory is, is a matter of what ran
    before.
    """
    with open(RECORDED, 'w', encoding='utf-8') as file:
        file.write('# SPDX-License-Identifier: GPL-2.0\n'
                   '# Made by tests/perf/update-docs; thousands of instructions.\n'
                   '# Row of budgets.tsv\tpinless mean98\tpinless median\trxe mean98\n')
        for row in load_rows():
            if row.is_memory():
                continue
            values = [row.value(measured, 'pinless', 'mean98'),
                      row.value(measured, 'pinless', 'median'),
                      row.value(compared, 'rxe', 'mean98')]
            file.write('\t'.join([row.name] + ['-' if v is None else f'{v:.4f}'
                                               for v in values]) + '\n')


def show(value):
    """A figure with three that matter."""
    if value is None:
        return '-'
    digits = 0 if abs(value) >= 1000 else 1 if abs(value) >= 100 else 3 if abs(value) < 2 else 2
    return f'{value:.{digits}f}'


def is_worse(seen, recorded, noise):
    """Whether a figure has grown by more than is allowed."""
    return seen > recorded + max(abs(recorded) * TOLERANCE, noise)


def judge(row, measured, recorded):
    """Returns what is wrong with the row, or None."""
    pinless, median, rxe = recorded.get(row.name, (None, None, None))
    seen = row.value(measured, 'pinless')
    seen_median = row.value(measured, 'pinless', 'median')
    if seen is None:
        errors = [measured.find('pinless', case) for case in row.cases()]
        errors = [r['error'] for r in errors if r and r['error']]
        return f'has no figure: {errors[0] if errors else "it was not measured"}'
    if pinless is None:
        return f'has no recorded figure (seen: {show(seen)})'
    noise = row.noise(measured)
    if is_worse(seen, pinless, noise) and is_worse(seen_median, median, noise):
        return (f'recorded {show(pinless)}, seen {show(seen)}: '
                f'{(seen / pinless - 1) * 100:.1f} % worse, {TOLERANCE * 100:.0f} % are allowed')
    limit = row.limit(rxe) if row.is_promise() else None
    if limit is not None and pinless <= limit < min(seen, seen_median):
        return f'recorded {show(pinless)}, seen {show(seen)}: the limit is {show(limit)}'
    return None


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
        wrong = judge(row, measured, recorded)
        bad += wrong is not None
        if results:
            print(f'RESULT {"FAIL" if wrong else "pass"} counted.{row.slug()} 0 {wrong or ""}')
        else:
            print(f'{row.name:52} {show(recorded.get(row.name, (None,))[0]):>9} '
                  f'{show(row.value(measured, "pinless")):>9}  {"WORSE" if wrong else "ok"}')
            if wrong:
                print(f'  {row.name}: {wrong}')
    if bad and not results:
        print(f'{bad} of {len(rows)} rows are worse than recorded in tests/perf/recorded.tsv.\n'
              'If that is meant to be so, record anew: tests/perf/regenerate DIR check counted (docs/measuring.md).')
    return bad


def main():
    """The command line."""
    words = sys.argv[1:]
    if words == ['cases']:
        cases = {case: None for row in load_rows() if not row.is_memory()
                 for case in row.cases() + ([row.floor] if row.floor else [])}
        print('\n'.join(cases))
    elif words[:1] == ['check'] and len(words) == 2:
        sys.exit(1 if check(words[1], False) else 0)
    elif words[:2] == ['check', '--results'] and len(words) == 3:
        check(words[2], True)
    else:
        sys.exit(__doc__)


if __name__ == '__main__':
    main()
