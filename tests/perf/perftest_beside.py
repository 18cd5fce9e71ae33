#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
"""
What perftest (with the patches) and odplat both measure, beside each other.

    perftest_beside.py cases              the cases of odplat that are needed
    perftest_beside.py coverage LIST      lines of the test suite: each case in LIST, by
                                          odplat --list, is compared or is in NOT_COMPARED
    perftest_beside.py run OUT DEVICE...  runs perftest, samples to OUT
    perftest_beside.py table ODPLAT OUT   the table, from odplat's JSON and OUT
    perftest_beside.py check ODPLAT OUT   lines of the test suite: on pinless the
                                          two agree within TOLERANCE, counted

The statistic is odplat's: of counted samples the mean without the top 2 %, of
others the median. perftest's is worked out from its samples (-U).
"""
import fnmatch
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOLERANCE = 0.10



def invalidation(call, size, count):
    """The run of one system call on so many bytes."""
    case = f'{call}.{(size + 4095) // 4096}'
    return (f'ib_read_lat --odp --invalidate={call} -s {size} -n {count}',
            {'idle.unregistered': f'{case}.unregistered',
             'idle.device_cold': f'{case}.nic-cold',
             'idle.device_warm': f'{case}.nic-warm'})


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
    ('ib_send_lat --odp --page_fault=remote -s 8 -n 500',
     {'warm': 'send.8.warm', 'cold': 'send.8.target-cold'}),
    ('ib_send_lat --odp --page_fault=local -s 8 -n 500',
     {'cold': 'send.8.initiator-cold'}),
    ('ib_atomic_lat --odp --page_fault=remote -n 500',
     {'warm': 'fetch-add.8.warm', 'cold': 'fetch-add.8.target-cold'}),
    ('ib_atomic_lat --odp --page_fault=local -n 500',
     {'cold': 'fetch-add.8.initiator-cold'}),
    ('ib_write_lat --odp --page_fault=remote -s 262144 -n 100',
     {'warm': 'write.256k.warm', 'cold': 'write.256k.target-cold'}),
    ('ib_write_lat --odp --page_fault=local -s 262144 -n 100',
     {'cold': 'write.256k.initiator-cold'}),
    ('ib_read_lat --odp --page_fault=remote -s 262144 -n 100',
     {'warm': 'read.256k.warm', 'cold': 'read.256k.target-cold'}),
    ('ib_read_lat --odp --page_fault=local -s 262144 -n 100',
     {'cold': 'read.256k.initiator-cold'}),
    ('ib_write_lat --odp --page_fault=remote -s 2097152 -n 20',
     {'warm': 'write.2m.warm', 'cold': 'write.2m.target-cold'}),
    ('ib_write_lat --odp --page_fault=local -s 2097152 -n 20',
     {'cold': 'write.2m.initiator-cold'}),
    ('ib_read_lat --odp --page_fault=remote -s 2097152 -n 20',
     {'warm': 'read.2m.warm', 'cold': 'read.2m.target-cold'}),
    ('ib_read_lat --odp --page_fault=local -s 2097152 -n 20',
     {'cold': 'read.2m.initiator-cold'}),
    invalidation('dontneed', 8, 300),
    invalidation('dontneed', 262144, 100),
    invalidation('dontneed', 2097152, 20),
    invalidation('munmap', 2097152, 20),
    ('ib_read_lat --odp --page_fault=local --odp_prefetch=wr -s 262144 -n 100',
     {'prefetch': 'prefetch.64.cold', 'after_prefetch': 'prefetch.64.cold.first-access'}),
    ('ib_read_lat --odp --page_fault=local --odp_prefetch=wr -s 2097152 -n 20',
     {'prefetch': 'prefetch.512.cold'}),
)


# Cases of odplat that are not compared, as file name patterns, and why.
NOT_COMPARED = (
    (('syscall', 'touch', 'touch.thp', 'pvm.*'),
     'what the CPU or the kernel does without a device'),
    (('*.pinned',),
     'without --odp perftest halves a ping-pong'),
    (('*.initiator-touched', '*.target-touched', 'prefetch.*.touched*'),
     'perftest\'s cold pages are those never touched before'),
    (('*.thp',),
     'perftest forbids huge pages in the memory that it measures with'),
    (('send.256k.*', 'send.2m.*'),
     'perftest\'s server polls for the message, on the one CPU of a counted machine'),
    (('munmap.1.*', 'munmap.64.*'),
     'perftest takes the pages out of a larger mapping, which is split'),
    (('reg.*', 'dereg.*'),
     'perftest does not time registrations'),
    (('dontneed.1g-untouched.*',),
     'perftest touches what it is to take away'),
    (('dontneed.1.registered-64-times',),
     'perftest registers its memory once'),
    (('prefetch.512.cold.first-access',),
     'one of 20 samples was 2.7 times the others, and moved the mean by 9 %'),
    (('dontneed.16384.*', 'munmap.16384.*'),
     'not tried'),
    (('mrelease.256m',),
     'perftest has no such test'),
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
            theirs = (counted and other['mean98'] or other['median']) / 1000
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


def compared():
    """The cases of odplat that perftest measures too."""
    return sorted({case for _, states in RUNS for case in states.values()})


def coverage(path):
    """Is each of odplat's cases in one of the two lists, and all of these a case?"""
    with open(path, encoding='utf-8') as file:
        cases = [line.split()[0] for line in file if line.strip()]
    patterns = [pattern for group, _ in NOT_COMPARED for pattern in group]
    wrong = []
    for case in cases:
        left_out = any(fnmatch.fnmatchcase(case, pattern) for pattern in patterns)
        if left_out == (case in compared()):
            wrong.append(f'{case} is in {"both RUNS and" if left_out else "neither RUNS nor"} '
                         'NOT_COMPARED of perftest_beside.py')
    wrong += [f'odplat has no case {case}' for case in compared() if case not in cases]
    wrong += [f'odplat has no case {pattern}' for pattern in patterns
              if not fnmatch.filter(cases, pattern)]
    if wrong:
        print(f'RESULT FAIL counted.perftest-coverage 0 {"; ".join(wrong)}')
    else:
        print(f'RESULT pass counted.perftest-coverage 0 {len(compared())} of {len(cases)} cases '
              'are compared')


def main():
    verb = sys.argv[1] if len(sys.argv) > 1 else ''
    if verb == 'cases' and len(sys.argv) == 2:
        print('\n'.join(compared()))
    elif verb == 'coverage' and len(sys.argv) == 3:
        coverage(sys.argv[2])
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
