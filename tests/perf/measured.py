# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
"""
What odplat has measured: its JSON files, and the tables of tests/perf/measured, which hold the same
for the figures of the documentation.
"""
import json
import os

MIB = 1 << 20
# Fewer samples have no mean without the top 2 %, and no 99th percentile; as in odplat.
SAMPLES_OF_MEAN98 = 50
SAMPLES_OF_P99 = 100
NUMBERS = ('n', 'min', 'median', 'mean98', 'p99', 'max')
COLUMNS = ('device', 'case', 'reference', 'unit') + NUMBERS + ('verified', 'error')
HEAD = '# SPDX-License-Identifier: GPL-2.0\n# Made by tests/perf/update-docs; nanoseconds (in counted runs instructions) or bytes.\n'


def row_from_table(line):
    """A row of odplat's JSON from a line of a table; an empty column is null."""
    row = dict.fromkeys(COLUMNS)
    for name, text in zip(COLUMNS, line.split('\t')):
        if not text:
            continue
        if name in NUMBERS:
            row[name] = float(text) if '.' in text else int(text)
        else:
            row[name] = text == 'true' if name == 'verified' else text
    return row


def row_to_table(row):
    """The other way round."""
    return '\t'.join('' if row[name] is None else json.dumps(row[name])
                     if name in NUMBERS or name == 'verified' else row[name] for name in COLUMNS)


def load(path):
    """A file of either form, as odplat's JSON with the facts of its machine."""
    with open(path, encoding='utf-8') as file:
        if path.endswith('.json'):
            return json.load(file)
        content = {'rows': [], 'facts': []}
        for line in file.read().rstrip('\n').split('\n'):
            if not line.startswith('#'):
                content['rows'].append(row_from_table(line))
            elif line.startswith('# machine: '):
                content['facts'].append(line[len('# machine: '):].split(': ', 1))
            elif line.startswith('# mode: '):
                content['mode'] = line.split(': ')[1]
            elif line.startswith('# kernel: '):
                content['kernel'] = line.split(': ')[1]
    return content


def save(path, content, facts):
    """Writes a table."""
    with open(path, 'w', encoding='utf-8') as file:
        file.write(HEAD + f'# kernel: {content["kernel"]}\n# mode: {content["mode"]}\n')
        file.writelines(f'# machine: {name}: {value}\n' for name, value in facts)
        file.write('# ' + '\t'.join(COLUMNS) + '\n')
        file.writelines(row_to_table(row) + '\n' for row in content['rows'])


class Measured:
    """The rows of one or more files."""

    def __init__(self, *paths):
        self.rows = {}
        self.order = []
        self.counted = True
        self.kernel = ''
        for path in paths:
            content = load(path)
            self.counted = content['mode'] == 'counted'
            self.kernel = self.kernel or content['kernel']
            for row in content['rows']:
                # Where there are two devices of a kind the first one counts.
                self.rows.setdefault((row['device'].rstrip('0123456789'), row['case']), row)
                self.order.append(row)

    def find(self, device, case):
        """The row of a case on a kind of device."""
        return self.rows.get((device, case))

    def samples(self, device, case):
        """How many samples a case has."""
        row = self.find(device, case)
        return row['n'] if row else 0

    def figure(self, device, case, statistic=None):
        """
        Thousands of instructions, microseconds or MiB; None where there is no figure. Medians of
        counted runs depend on the phase of the scheduler, so there the mean without the top 2 %
        goes first.
        """
        row = self.find(device, case)
        if row is None or row['error'] is not None or not row['n']:
            return None
        if row['unit'] == 'B':
            return row['median'] / MIB
        value = row[statistic or ('mean98' if self.counted else 'median')]
        if value is None and statistic in (None, 'mean98'):
            value = row['median']
        return None if value is None else value / 1000


def table_path(name):
    """Where the table of a part of the measurements lies."""
    return os.path.join(os.path.dirname(os.path.abspath(__file__)), 'measured', name + '.tsv')
