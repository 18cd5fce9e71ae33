#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
"""
Runs one line of odp-cases.txt: both sides of a perftest program, and checks of
what they have reported and of what the device has counted.

A line of the file is

    NAME DEVICES CHECKS | TOOL OPTION...

DEVICES is a list with commas of the kinds of device that it runs on. CHECKS are
words without spaces:

    client:PATH=VALUE   in the client's JSON, PATH being keys joined by dots;
    server:PATH=VALUE   =, !=, <= and >= compare; PATH and VALUE may be sums of
                        paths and numbers joined by +
    hw:COUNTER=VALUE    how far a counter of the device's port has moved
    prints:TEXT         the client's output has TEXT (_ stands for a space)
    refuse:TEXT         both sides must say TEXT and end by themselves, without a crash
    refuse-client:TEXT, refuse-server:TEXT
                        the same, but it is this side that says TEXT
    says:TEXT           the client's output, that of errors too, has TEXT
    samples:N,ORDER     the client prints N rows of samples, as taken (ORDER: unsorted;
                        they are those of the JSON, too) or each column sorted; its
                        statistics are those of these samples
    absent:TEXT         neither side says TEXT
    server-options:A,B  the server has these options instead of the client's (@ stands
                        for a comma)
    server-tool:TOOL    and this program
    server-programs:DIR, client-programs:DIR
                        the folder of its programs; relative to that of the patched
                        ones
    client-break:WORD, server-break:WORD
                        what break/perftest_break.c spoils on this side

With "pinless:" or "rxe:" before it a check is made on that kind of device only.
"""
import json
import operator
import os
import re
import subprocess
import sys
import tempfile

OPERATORS = {'=': operator.eq, '!=': operator.ne, '<=': operator.le, '>=': operator.ge}
HERE = os.path.dirname(os.path.abspath(__file__))


class Failure(Exception):
    """A check that did not hold; the text says what was seen."""


def read_cases(path):
    """Yields (name, devices, checks, command) of each line of the file."""
    with open(path, encoding='utf-8') as file:
        for number, line in enumerate(file, 1):
            line = line.strip()
            if not line or line.startswith('#'):
                continue
            head, bar, command = line.partition('|')
            words = head.split()
            if not bar or len(words) < 3 or not command.split():
                sys.exit(f'{path}:{number}: want NAME DEVICES CHECKS | TOOL OPTION...')
            yield words[0], words[1].split(','), words[2:], command.split()


def hw_counters(device):
    """The counters of the device's port; empty where it has none."""
    folder = f'/sys/class/infiniband/{device}/ports/1/hw_counters'
    counters = {}
    for name in os.listdir(folder) if os.path.isdir(folder) else ():
        if name != 'lifespan':
            with open(os.path.join(folder, name), encoding='ascii') as file:
                counters[name] = int(file.read())
    return counters


def find(tree, path):
    """The value under a path of keys joined by dots; keys may hold dots."""
    if not path:
        return tree
    if isinstance(tree, dict):
        for key in sorted(tree, key=len, reverse=True):
            if path == key or path.startswith(key + '.'):
                return find(tree[key], path[len(key) + 1:])
    raise Failure(f'there is no "{path}" in the JSON')


def number(tree, word):
    try:
        return int(word)
    except ValueError:
        pass
    try:
        return float(word)
    except ValueError:
        return find(tree, word)


def value_of(tree, words):
    """A sum, or, if it is no number, the word itself as a text."""
    try:
        return sum(number(tree, word) for word in words.split('+'))
    except (Failure, TypeError):
        return words


def compare(tree, expression, where):
    match = re.fullmatch(r'(.+?)(!=|<=|>=|=)(.*)', expression)
    if not match:
        sys.exit(f'no such check: {where}:{expression}')
    path, sign, wanted = match.groups()
    found = sum(number(tree, word) for word in path.split('+')) if '+' in path else find(tree, path)
    wanted = value_of(tree, wanted)
    if isinstance(found, bool):
        found = str(found).lower()
    if not OPERATORS[sign](found, wanted):
        raise Failure(f'{where}: {path} is {found}, wanted {sign} {wanted}')


def load_json(folder, side):
    path = os.path.join(folder, side, 'perftest.json')
    try:
        with open(path, encoding='utf-8') as file:
            return json.load(file)
    except (OSError, ValueError) as error:
        raise Failure(f'the JSON of the {side}: {error}') from error


def read_text(folder, *names):
    text = ''
    for name in names:
        path = os.path.join(folder, name)
        if os.path.exists(path):
            with open(path, encoding='utf-8', errors='replace') as file:
                text += file.read()
    return text


def side_text(folder, side):
    """What a side has printed, with a space wherever it has an underscore."""
    return read_text(folder, f'{side}.txt', f'{side}.err').replace('_', ' ')


def check_refusal(folder, wanted):
    """wanted: for each side the texts that it must say"""
    if os.path.exists(os.path.join(folder, 'server.killed')):
        raise Failure('the server did not end by itself when its client had: it was killed')
    for side, texts in wanted.items():
        status = read_text(folder, f'{side}.status').strip()
        if not status:
            raise Failure(f'the {side} has not run')
        if status == '0':
            raise Failure(f'the {side} has not refused; wanted: {" ".join(texts)}')
        if int(status) > 128:
            raise Failure(f'the {side} crashed with status {status}')
        output = side_text(folder, side)
        for text in texts:
            if text.replace('_', ' ').lower() not in output.lower():
                raise Failure(f'the {side} refused without saying: {text.replace("_", " ")}')


def refusals(checks):
    """For each side what it must say, or None if nothing is to be refused."""
    wanted = {'server': [], 'client': []}
    found = False
    for check in checks:
        where, _, text = check.partition(':')
        if where in ('refuse', 'refuse-client', 'refuse-server'):
            found = True
            for side, texts in wanted.items():
                if where in ('refuse', f'refuse-{side}'):
                    texts.append(text)
    return wanted if found else None


SETTINGS = {
    'server-options': 'PERFTEST_SERVER_OPTIONS',
    'server-tool': 'PERFTEST_SERVER_TOOL',
    'server-programs': 'PERFTEST_SERVER_PROGRAMS',
    'client-programs': 'PERFTEST_PROGRAMS',
    'client-break': 'PERFTEST_CLIENT_BREAK',
    'server-break': 'PERFTEST_SERVER_BREAK',
}


def settings(checks, environment):
    """Puts into the environment what the sides have other than usual."""
    programs = environment.get('PERFTEST_PROGRAMS', '')
    for check in checks:
        where, _, value = check.partition(':')
        if where == 'server-options':
            value = value.replace(',', ' ').replace('@', ',')
        elif where.endswith('-programs'):
            value = os.path.join(programs, value)
            # The other side's are what they were.
            environment.setdefault('PERFTEST_SERVER_PROGRAMS', programs)
        if where in SETTINGS:
            environment[SETTINGS[where]] = value


STATES = ('cold', 'warm', 'difference')


def rows_of_samples(text):
    """The rows (cold, warm, difference) that -U and -H print; they count from 1."""
    rows = []
    lines = iter(text.splitlines())
    for line in lines:
        if re.match(r'#, cold\[', line):
            break
    for line in lines:
        match = re.fullmatch(r'(\d+), (\S+), (\S+), (\S+)', line.strip())
        if not match:
            break
        if int(match[1]) != len(rows) + 1:
            raise Failure(f'samples: row {len(rows) + 1} has the number {match[1]}')
        rows.append(tuple(float(word) for word in match.groups()[1:]))
    return rows


def near(found, wanted):
    """Six digits are printed, and three behind the point in the JSON."""
    return abs(found - wanted) <= 0.0011 + 1e-5 * abs(wanted)


def statistics(samples):
    """What odp_test.h says of the samples, by the names in the JSON."""
    ordered = sorted(samples)
    count = len(ordered)
    return {
        't_min': ordered[0],
        't_typical': (ordered[(count - 1) // 2] + ordered[count // 2]) / 2,
        'percentile_99': ordered[-(-count * 990 // 1000) - 1],
        'percentile_99.9': ordered[-(-count * 999 // 1000) - 1],
        't_max': ordered[-1],
    }


def check_samples(text, results, wanted):
    """wanted: N,unsorted or N,sorted"""
    count, order = wanted.split(',')
    rows = rows_of_samples(text)
    if len(rows) != int(count):
        raise Failure(f'samples: {len(rows)} rows are printed, wanted {count}')
    columns = dict(zip(STATES, zip(*rows)))
    is_sorted = [list(column) == sorted(column) for column in columns.values()]
    if order == 'sorted' and not all(is_sorted):
        raise Failure('samples: they are not sorted')
    if order == 'unsorted':
        if all(is_sorted):
            raise Failure('samples: they are sorted, wanted in the order in which they were taken')
        for row, (cold, warm, difference) in enumerate(rows, 1):
            if abs(cold - warm - difference) > 1e-4 * (abs(cold) + abs(warm)) + 1e-3:
                raise Failure(f'samples: row {row}: {cold} - {warm} is not {difference}')
        for state in STATES[:2]:
            listed = find(results, f'samples_{state}')
            if len(listed) != len(rows) or not all(map(near, listed, columns[state])):
                raise Failure(f'samples: those of {state} in the JSON are not those printed')
    for state, column in columns.items():
        for name, value in statistics(column).items():
            found = results[state][name]
            if not near(found, value):
                raise Failure(f'samples: {name} of {state} is {found}, of those printed {value}')


def checks_for(device, checks):
    """The checks of this kind of device, without its name."""
    for check in checks:
        kind, _, rest = check.partition(':')
        if kind not in ('pinless', 'rxe'):
            yield check
        elif device.startswith(kind):
            yield rest


def hides_clock(folder, command):
    """Has a busy host hidden the rate of the CPU's clock? The options that the patches add
    ask for it again; without them perftest says so and prints "inf"."""
    return 'Correlation coefficient' in side_text(folder, 'client') and not any(
        word.startswith(('--page_fault', '--invalidate')) for word in command)


def run_case(device, checks, command, tries=5):
    """Runs both sides and raises Failure where a check does not hold."""
    checks = list(checks_for(device, checks))
    refusal = refusals(checks)
    with tempfile.TemporaryDirectory() as folder:
        environment = dict(os.environ, PERFTEST_OUT=folder)
        settings(checks, environment)
        options = ['-F', '--out_json', '--out_json_file=perftest.json']
        if refusal:
            environment['PERFTEST_REFUSED'] = '1'
            options = []
        before = hw_counters(device)
        result = subprocess.run(
            ['bash', os.path.join(HERE, 'perftest-run'), device] + command + options,
            env=environment, text=True, capture_output=True, check=False)
        after = hw_counters(device)
        print(result.stdout + result.stderr, flush=True)
        if tries > 1 and hides_clock(folder, command):
            return run_case(device, checks, command, tries - 1)
        if refusal:
            check_refusal(folder, refusal)
        elif result.returncode != 0:
            raise Failure(f'status {result.returncode}')
        moved = {name: after[name] - before.get(name, 0) for name in after}
        sides = {}
        for check in checks:
            where, _, expression = check.partition(':')
            if where == 'hw':
                compare(moved, expression, where)
            elif where in ('client', 'server'):
                if where not in sides:
                    sides[where] = load_json(folder, where)
                    print(where, json.dumps(sides[where], indent=1))
                compare(sides[where], expression, where)
            elif where == 'samples':
                check_samples(read_text(folder, 'client.txt'),
                              load_json(folder, 'client')['results'], expression)
            elif where == 'says':
                if expression.replace('_', ' ') not in side_text(folder, 'client'):
                    raise Failure(f'the client does not say: {expression}')
            elif where == 'prints':
                if expression.replace('_', ' ') not in result.stdout.replace('_', ' '):
                    raise Failure(f'the output lacks: {expression}')
            elif where == 'absent':
                if expression.replace('_', ' ').lower() in (
                        side_text(folder, 'client') + side_text(folder, 'server')).lower():
                    raise Failure(f'the output has: {expression}')
            elif where not in SETTINGS and not where.startswith('refuse') and where != '-':
                sys.exit(f'no such check: {check}')


def main():
    if len(sys.argv) == 4 and sys.argv[1] == '--list':
        for name, devices, _, _ in read_cases(sys.argv[2]):
            if sys.argv[3] in devices:
                print(name)
        return 0
    if len(sys.argv) != 4:
        sys.exit('usage: perftest_case.py FILE DEVICE NAME | --list FILE KIND')
    path, device, wanted = sys.argv[1:]
    for name, _, checks, command in read_cases(path):
        if name == wanted:
            try:
                run_case(device, checks, command)
            except Failure as failure:
                print(failure)
                return 1
            return 0
    sys.exit(f'{path} has no case {wanted}')


if __name__ == '__main__':
    sys.exit(main())
