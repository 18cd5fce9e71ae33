#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
"""
What perftest (with the patches) and odplat both measure, beside each other.

    perftest_beside.py cases              the cases of odplat that are needed
    perftest_beside.py run OUT DEVICE...  runs perftest, samples to OUT
    perftest_beside.py table ODPLAT OUT   the table, from odplat's JSON and OUT
    perftest_beside.py check ODPLAT OUT   lines of the test suite: on pinless the
                                          two agree within TOLERANCE, counted

The statistic is odplat's: of counted samples the mean without the top 2 %, of
others the median. perftest's is worked out from its samples (-U).
"""
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOLERANCE = 0.10

# Tool and options, and for the samples of each state odplat's case. A state with a
# dot is an object in the JSON and a member of it.
RUNS = (
    ('ib_write_lat --odp --page_fault=remote -s 8 -n 500',
     {'warm': 'write.8.warm', 'cold': 'write.8.target-cold'}),
    ('ib_write_lat --odp --page_fault=local -s 8 -n 500',
     {'cold': 'write.8.initiator-cold'}),
    ('ib_read_lat --odp --page_fault=remote -s 8 -n 500',
     {'warm': 'read.8.warm', 'cold': 'read.8.target-cold'}),
    ('ib_read_lat --odp --page_fault=local -s 8 -n 500',
     {'cold': 'read.8.initiator-cold'}),
    ('ib_atomic_lat --odp --page_fault=remote -n 500',
     {'warm': 'fetch-add.8.warm', 'cold': 'fetch-add.8.target-cold'}),
    ('ib_write_lat --odp --page_fault=remote -s 262144 -n 100',
     {'warm': 'write.256k.warm', 'cold': 'write.256k.target-cold'}),
    ('ib_read_lat --odp --page_fault=remote -s 262144 -n 100',
     {'warm': 'read.256k.warm', 'cold': 'read.256k.target-cold'}),
    ('ib_read_lat --odp --invalidate=dontneed -s 8 -n 300',
     {'idle.unregistered': 'dontneed.1.unregistered',
      'idle.device_cold': 'dontneed.1.nic-cold', 'idle.device_warm': 'dontneed.1.nic-warm'}),
    ('ib_read_lat --odp --invalidate=dontneed -s 262144 -n 100',
     {'idle.unregistered': 'dontneed.64.unregistered',
      'idle.device_cold': 'dontneed.64.nic-cold', 'idle.device_warm': 'dontneed.64.nic-warm'}),
    ('ib_read_lat --odp --page_fault=local --odp_prefetch=wr -s 262144 -n 100',
     {'prefetch': 'prefetch.64.cold', 'after_prefetch': 'prefetch.64.cold.first-access'}),
)


def can_run(device, command):
    """rxe has no prefetch."""
    return not (device.startswith('rxe') and '--odp_prefetch' in command)


def run_one(device, command):
    """Returns the JSON that the client of one perftest program has written."""
    with tempfile.TemporaryDirectory() as folder:
        result = subprocess.run(
            ['bash', os.path.join(HERE, 'perftest-run'), device] + command.split() +
            ['-F', '-U', '--out_json', '--out_json_file=perftest.json'],
            env=dict(os.environ, PERFTEST_OUT=folder), text=True,
            capture_output=True, check=False)
        if result.returncode != 0:
            print(result.stdout + result.stderr, file=sys.stderr)
            return {'error': f'{command}: status {result.returncode}'}
        with open(os.path.join(folder, 'client', 'perftest.json'), encoding='utf-8') as file:
            return json.load(file)['results']


def samples_of(results, state):
    """The samples of a state in the JSON; none if it has not got them."""
    name, _, member = state.partition('.')
    samples = results.get('samples_' + name, {} if member else [])
    return samples.get(member, []) if member else samples


def run(out, devices):
    rows = []
    failed = 0
    for device in devices:
        for command, states in RUNS:
            if not can_run(device, command):
                continue
            print(f'  {device}: {command}', file=sys.stderr, flush=True)
            results = run_one(device, command)
            if 'error' in results:
                failed = 1
            for state, case in states.items():
                rows.append({'device': device, 'case': case, 'command': command,
                             'state': state, 'error': results.get('error'),
                             'unit': results.get('unit'),
                             'verified': results.get('data_verified'),
                             'samples': samples_of(results, state)})
    with open(out, 'w', encoding='utf-8') as file:
        json.dump({'rows': rows}, file, indent=1)
    return failed


def statistic(samples, counted):
    """odplat's statistic of samples in microseconds, in thousandths of them."""
    ordered = sorted(samples)
    if counted:
        kept = ordered[:len(ordered) - len(ordered) * 2 // 100]
        return sum(kept) / len(kept)
    middle = len(ordered) // 2
    return (ordered[middle] + ordered[(len(ordered) - 1) // 2]) / 2


def pairs(odplat_path, out):
    """Yields (perftest's row, odplat's figure, perftest's figure), None where there is none."""
    with open(odplat_path, encoding='utf-8') as file:
        odplat = json.load(file)
    counted = odplat['mode'] == 'counted'
    known = {(row['device'], row['case']): row for row in odplat['rows']}
    with open(out, encoding='utf-8') as file:
        rows = json.load(file)['rows']
    for row in rows:
        other = known.get((row['device'], row['case']))
        theirs = None
        if other and other['error'] is None and other['n']:
            theirs = other['mean98' if counted else 'median'] / 1000
        ours = statistic(row['samples'], counted) if row['samples'] else None
        yield row, theirs, ours


def table(odplat_path, out):
    print(f'{"case":31}{"device":10}{"odplat":>10}{"perftest":>10}{"ratio":>8}  '
          'perftest\'s command')
    for row, theirs, ours in pairs(odplat_path, out):
        cells = ['-' if figure is None else f'{figure:.2f}' for figure in (theirs, ours)]
        ratio = f'{ours / theirs:.2f}' if ours is not None and theirs else '-'
        note = row['error'] or f'{row["command"]} ({row["state"]})'
        print(f'{row["case"]:31}{row["device"]:10}{cells[0]:>10}{cells[1]:>10}{ratio:>8}  {note}')


def check(odplat_path, out):
    for row, theirs, ours in pairs(odplat_path, out):
        name = f'counted.perftest.{row["case"]}'
        if ours is None or not theirs:
            print(f'RESULT FAIL {name} 0 no figure of {"perftest" if ours is None else "odplat"}: '
                  f'{row["error"] or ""}')
        elif row['verified'] is not True:
            print(f'RESULT FAIL {name} 0 perftest has not verified the data')
        elif abs(ours - theirs) > TOLERANCE * theirs:
            print(f'RESULT FAIL {name} 0 perftest {ours:.2f}, odplat {theirs:.2f} thousand '
                  f'instructions: more than {TOLERANCE:.0%} apart')
        else:
            print(f'RESULT pass {name} 0 perftest {ours:.2f}, odplat {theirs:.2f}')


def main():
    verb = sys.argv[1] if len(sys.argv) > 1 else ''
    if verb == 'cases' and len(sys.argv) == 2:
        for case in sorted({case for _, states in RUNS for case in states.values()}):
            print(case)
    elif verb == 'run' and len(sys.argv) >= 4:
        return run(sys.argv[2], sys.argv[3:])
    elif verb == 'table' and len(sys.argv) == 4:
        table(*sys.argv[2:])
    elif verb == 'check' and len(sys.argv) == 4:
        check(*sys.argv[2:])
    else:
        sys.exit(__doc__)
    return 0


if __name__ == '__main__':
    sys.exit(main())
