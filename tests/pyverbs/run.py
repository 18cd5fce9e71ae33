#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
"""
Runs rdma-core's pyverbs suite, each test in a process of its own with a time
limit, and judges every outcome by a list of expected ones. A test that is not
on the list must pass. The kernel log is read after each test.
"""
import argparse
import fnmatch
import importlib
import os
import re
import signal
import sys
import time
import traceback
import types
import unittest

# Tests of the private interfaces of other vendors' devices.
OTHER_DEVICES = ('test_mlx5', 'test_efa', 'test_cuda', 'test_irdma')


class Expected:
    """One line of the list: OUTCOME KERNELS TESTS REASON"""

    def __init__(self, line, number):
        words = line.split(None, 3)
        if len(words) < 4 or words[0] not in ('skip', 'fail', 'any'):
            sys.exit(f'expected.txt line {number}: want skip|fail|any KERNELS TESTS REASON')
        self.outcome, self.kernels, self.pattern, self.reason = words
        self.used = False

    def matches(self, name, kernel):
        if self.kernels != '*' and kernel not in self.kernels.split(','):
            return False
        return fnmatch.fnmatchcase(name, self.pattern)


class KernelLog:
    """New messages of the kernel that look like a report of a fault."""

    def __init__(self, patterns):
        with open(patterns, encoding='utf-8') as file:
            self.bad = [re.compile(line.rstrip('\n'))
                        for line in file if line.strip()]
        self.dump = False
        self.log = os.open('/dev/kmsg', os.O_RDWR | os.O_NONBLOCK)
        os.lseek(self.log, 0, os.SEEK_END)

    def mark(self, name):
        os.write(self.log, f'pinless-test: {name}\n'.encode())

    def report(self):
        """Returns the first bad message since the last call, or None."""
        found = None
        while True:
            try:
                message = os.read(self.log, 8192).decode(errors='replace')
            except BlockingIOError:
                return found
            except BrokenPipeError:
                continue
            text = message.split(';', 1)[-1].split('\n', 1)[0]
            # Stacks that the suite has asked for are no report (suite_cpu_look).
            if 'pinless-test: a dump of CPUs follows' in text:
                self.dump = True
            elif 'pinless-test: the dump of CPUs is over' in text:
                self.dump = False
            if self.dump and 'Call Trace:' in text:
                continue
            if found is None and any(bad.search(text) for bad in self.bad):
                found = text


def load_suite(directory, device):
    """Loads the tests as run_tests.py does, without those of other vendors."""
    sys.path.insert(0, directory)
    from args_parser import parser
    sys.argv[1:] = ['--dev', device]
    parser.parse_args()
    names = [entry[:-3] for entry in sorted(os.listdir(directory))
             if entry.startswith('test_') and entry.endswith('.py')
             and not entry.startswith(OTHER_DEVICES)]
    # Without the package's own __init__, which would load every vendor's tests.
    package = types.ModuleType('tests')
    package.__path__ = [directory]
    sys.modules['tests'] = package
    suite = []
    for name in names:
        module = importlib.import_module('tests.' + name)
        suite += flatten(unittest.defaultTestLoader.loadTestsFromModule(module))
    return suite


def flatten(suite):
    for entry in suite:
        if isinstance(entry, unittest.TestSuite):
            yield from flatten(entry)
        else:
            yield entry


def child(test, pipe, log):
    """Runs one test and tells the outcome through the pipe. Never returns."""
    outcome, reason = 'fail', 'the test process ended without an outcome'
    try:
        file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.dup2(file, 1)
        os.dup2(file, 2)
        result = unittest.TestResult()
        unittest.TestSuite([test]).run(result)
        problems = result.errors + result.failures
        if problems:
            print(problems[0][1], flush=True)
            reason = problems[0][1].strip().splitlines()[-1]
        elif result.skipped:
            outcome, reason = 'skip', result.skipped[0][1]
        elif result.testsRun:
            outcome, reason = 'ok', ''
    except BaseException as error:  # whatever it is, the parent must hear of it
        traceback.print_exc()
        reason = repr(error)
    os.write(pipe, f'{outcome} {reason}'.replace('\n', ' ')[:400].encode())
    os._exit(0)


def run(test, limit, log):
    """Returns outcome and reason of one test."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.setsid()
        os.close(reader)
        child(test, writer, log)
    os.close(writer)
    deadline = time.monotonic() + limit
    pause = 0.01
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            break
        if time.monotonic() > deadline:
            dump(pid, log)
            os.killpg(pid, signal.SIGKILL)
            give_up = time.monotonic() + 60
            while not os.waitpid(pid, os.WNOHANG)[0]:
                if time.monotonic() > give_up:
                    os.close(reader)
                    return 'stuck', 'hangs and cannot be killed'
                time.sleep(0.2)
            os.close(reader)
            return 'fail', f'time limit of {limit} s'
        time.sleep(pause)
        pause = min(pause * 2, 0.1)
    text = os.read(reader, 4096).decode(errors='replace')
    os.close(reader)
    if not text:
        return 'fail', f'the test process died (wait status {status:#x})'
    outcome, _, reason = text.partition(' ')
    return outcome, reason


def dump(pid, log):
    """Writes where the threads of a test stand still, into its log."""
    with open(log, 'a', encoding='utf-8') as out:
        for task in os.listdir(f'/proc/{pid}/task'):
            for name in ('wchan', 'stack'):
                try:
                    with open(f'/proc/{pid}/task/{task}/{name}', encoding='utf-8') as file:
                        out.write(f'{task} {name}: {file.read()}\n')
                except OSError:
                    pass
    with open('/proc/sysrq-trigger', 'w', encoding='utf-8') as trigger:
        trigger.write('w')


def judge(outcome, reason, entry):
    """Returns (pass|FAIL|skip, text) for an outcome and its line of the list."""
    if outcome == 'ok':
        return ('pass', '') if entry is None or entry.outcome == 'any' else \
               ('pass', f'passes, although listed: {entry.reason}')
    if outcome == 'stuck':
        return 'FAIL', reason
    if entry is not None and entry.outcome in (outcome, 'any'):
        return 'skip', f'{entry.reason} ({reason})'
    return 'FAIL', f'{"skipped without a listed reason: " if outcome == "skip" else ""}{reason}'


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--dev', required=True)
    parser.add_argument('--kernel', required=True)
    parser.add_argument('--tests', required=True)
    parser.add_argument('--expected', required=True)
    parser.add_argument('--bad-log', required=True)
    parser.add_argument('--logs', required=True)
    parser.add_argument('--limit', type=int, default=120)
    parser.add_argument('--match', default='*', help='only tests of this pattern')
    args = parser.parse_args()

    with open(args.expected, encoding='utf-8') as file:
        expected = [Expected(line, number) for number, line in enumerate(file, 1)
                    if line.strip() and not line.startswith('#')]
    log = KernelLog(args.bad_log)
    # The list is about pinless; rxe is run for the record only.
    record = not args.dev.startswith('pinless')
    for test in load_suite(args.tests, args.dev):
        name = test.id().removeprefix('tests.')
        if not fnmatch.fnmatchcase(name, args.match):
            continue
        started = time.monotonic()
        path = os.path.join(args.logs, f'pyverbs.{args.dev}.{name}.log')
        log.mark(name)
        outcome, reason = run(test, args.limit, path)
        bad = log.report()
        seconds = round(time.monotonic() - started)
        if record and not bad and outcome != 'stuck':
            print(f'RECORD {outcome} {name} {reason}', flush=True)
            continue
        entry = next((e for e in expected if e.matches(name, args.kernel)), None)
        verdict, text = judge(outcome, reason, entry)
        if bad:
            verdict, text = 'FAIL', f'kernel log: {bad}'
        print(f'RESULT {verdict} pyverbs.{args.dev}.{name} {seconds} {text}', flush=True)
        if verdict == 'pass':
            os.unlink(path)
        if outcome == 'stuck':
            return 3
    return 0


if __name__ == '__main__':
    sys.exit(main())
