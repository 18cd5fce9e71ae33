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
    refuse:TEXT         the run must fail without a crash, and one of the sides say TEXT
    server-options:A,B  the server has these options instead of the client's

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


def check_refusal(result, text):
    wanted = text.replace('_', ' ')
    output = result.stdout + result.stderr
    if result.returncode == 0:
        raise Failure(f'was not refused; wanted: {wanted}')
    if result.returncode < 0 or result.returncode > 128:
        raise Failure(f'crashed with status {result.returncode}')
    if wanted.lower() not in output.lower().replace('_', ' '):
        raise Failure(f'refused without saying: {wanted}')


def checks_for(device, checks):
    """The checks of this kind of device, without its name."""
    for check in checks:
        kind, _, rest = check.partition(':')
        if kind not in ('pinless', 'rxe'):
            yield check
        elif device.startswith(kind):
            yield rest


def run_case(device, checks, command):
    """Runs both sides and raises Failure where a check does not hold."""
    checks = list(checks_for(device, checks))
    refusal = [check[7:] for check in checks if check.startswith('refuse:')]
    with tempfile.TemporaryDirectory() as folder:
        environment = dict(os.environ, PERFTEST_OUT=folder)
        for check in checks:
            if check.startswith('server-options:'):
                environment['PERFTEST_SERVER_OPTIONS'] = \
                    check[15:].replace(',', ' ')
        if not refusal:
            command = command + ['-F', '--out_json', '--out_json_file=perftest.json']
        before = hw_counters(device)
        result = subprocess.run(
            ['bash', os.path.join(HERE, 'perftest-run'), device] + command,
            env=environment, text=True, capture_output=True, check=False)
        after = hw_counters(device)
        print(result.stdout + result.stderr, flush=True)
        if refusal:
            check_refusal(result, refusal[0])
            return
        if result.returncode != 0:
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
            elif where == 'prints':
                if expression.replace('_', ' ') not in result.stdout.replace('_', ' '):
                    raise Failure(f'the output lacks: {expression}')
            elif where not in ('server-options', '-'):
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
