#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Copyright (c) 2026 The pinless authors
"""Makes the changed files of mutants: mutate.py LIST KERNEL OUT.

LIST is described in the list itself. Each mutant becomes OUT/NUMBER/, which has
the changed files at their paths below KERNEL, and a line of OUT/plan: number,
name, the programs that are to catch it ("-" and the reason when none can).
"""
import os
import re
import sys


def stanzas(path):
    """(name, programs, [(file, old, new)]) of each mutant of the list"""
    found = []
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            line = line.rstrip("\n")
            if line.startswith("#") or not line:
                continue
            if line.startswith("= "):
                name, _, programs = line[2:].partition(": ")
                found.append((name, programs, []))
            elif line.startswith("@ ") and found:
                found[-1][2].append((line[2:], [], []))
            elif line[0] in "-+" and found and found[-1][2]:
                found[-1][2][-1][1 if line[0] == "-" else 2].append(line[1:])
            else:
                sys.exit(f"{path}:{number}: neither '= ', '@ ', '-' nor '+'")
    return found


def pattern(lines):
    """the text, whatever its indentation and where its lines are broken"""
    words = " ".join(lines).split()
    return re.compile(r"\s+".join(re.escape(word) for word in words))


def place(sources, name, base, lines):
    """the file of the text: where it is the only one, or else the one named @base"""
    wanted = pattern(lines)
    hits = {path: len(wanted.findall(text)) for path, text in sources.items()}
    hits = {path: number for path, number in hits.items() if number}
    named = [path for path in hits if os.path.basename(path) == base]
    if len(named) == 1 and hits[named[0]] == 1:
        return named[0], wanted
    if len(hits) == 1 and sum(hits.values()) == 1:
        return next(iter(hits)), wanted
    where = ", ".join(f"{path} {number} times" for path, number in hits.items())
    sys.exit(f"mutant {name}: '{lines[0].strip()}' of {base} is "
             + (f"not unique: {where}" if hits else "found nowhere"))


def main():
    listed, kernel, out = sys.argv[1:]
    sources = {}
    for folder, _, files in os.walk(kernel):
        for file in files:
            if file.endswith((".c", ".h")):
                path = os.path.join(folder, file)
                with open(path, encoding="utf-8") as source:
                    sources[os.path.relpath(path, kernel)] = source.read()
    with open(os.path.join(out, "plan"), "w", encoding="utf-8") as plan:
        for number, (name, programs, changes) in enumerate(stanzas(listed), 1):
            changed = dict(sources)
            for base, old, new in changes:
                path, wanted = place(changed, name, base, old)
                changed[path] = wanted.sub(lambda _, new=new: "\n".join(new), changed[path])
            for path, text in changed.items():
                if text != sources[path]:
                    target = os.path.join(out, str(number), path)
                    os.makedirs(os.path.dirname(target), exist_ok=True)
                    with open(target, "w", encoding="utf-8") as file:
                        file.write(text)
            plan.write(f"{number} {name} {programs}\n")


if __name__ == "__main__":
    main()
