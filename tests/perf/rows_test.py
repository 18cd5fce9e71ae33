#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
"""
Does rows.py see what it is for? The results that were recorded must pass; made-up ones, in which a
share of the operations of one case stalls, must fail, and so must those in which a case or a
reference is missing.
"""
import copy
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True
import measured as tables  # noqa: E402 (found through HERE)
import rows as budget  # noqa: E402

# Share of the operations that stall, and how many times as long those take.
STALLS = ((0.03, 10), (0.10, 4), (0.30, 2), (0.49, 2), (1, 1.1))
TRIMMED = 0.02


def stall(row, share, times):
    """What becomes of a row's figures when so many operations take so much longer."""
    delay = (times - 1) * row['median']
    if row['mean98'] is not None:
        row['mean98'] += delay * max(0, share - TRIMMED) / (1 - TRIMMED) if share < 1 else delay
    if row['p99'] is not None:
        row['p99'] = max(row['p99'], row['median'] + delay)
    row['max'] += delay
    if share > 0.5:
        row['median'] += delay


def verdict(content):
    """The exit status of rows.py and its output."""
    with tempfile.NamedTemporaryFile('w', suffix='.json', encoding='utf-8') as file:
        json.dump(content, file)
        file.flush()
        done = subprocess.run([sys.executable, os.path.join(HERE, 'rows.py'), 'check', file.name],
                              capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def changed(content, case, change):
    """A copy in which the rows of a case went through @change, which may say to leave them out."""
    content = copy.deepcopy(content)
    content['rows'] = [row for row in content['rows']
                       if row['case'] != case or change(row) is not False]
    return content


def is_seen(row, recorded, case, share):
    """Whether a stall can be seen: few samples have a median only, and a ratio no p99."""
    return share == 1 or (recorded[row.name].p99 is not None and case['n'] >= tables.SAMPLES_OF_P99)


def main():
    content = tables.load(tables.table_path('check'))
    cases = {row['case']: row for row in content['rows'] if row['device'] != 'cpu'}
    recorded = budget.load_recorded()
    wrong, tried = [], 0
    status, text = verdict(content)
    if status:
        wrong.append('what was recorded does not pass:\n' + text)
    for row in budget.load_rows():
        if row.is_memory() or row.is_ratio():
            continue
        for share, times in STALLS:
            if not is_seen(row, recorded, cases[row.minuend], share):
                continue
            tried += 1
            status, text = verdict(changed(content, row.minuend, lambda r: stall(r, share, times)))
            if status != 1 or f'  {row.name}: ' not in text:
                wrong.append(f'{row.name}: {share:.0%} of the operations take '
                             f'{times} times as long, and it passes')
        for case in [row.minuend] + [row.reference] * bool(row.reference):
            tried += 1
            status, text = verdict(changed(content, case, lambda r: False))
            if status != 1 or f'  {row.name}: ' not in text:
                wrong.append(f'{row.name}: {case} was not measured, and it passes')
    print('\n'.join(wrong + [f'{tried} made-up results, {len(wrong)} wrong verdicts']))
    return 1 if wrong or tried < 50 else 0


if __name__ == '__main__':
    sys.exit(main())
