#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Counts test cases in JUnit files. Usage: tally.py FILE... Prints "PASSED FAILED SKIPPED" to stdout, and each failed case
with its message to stderr. A missing or truncated file counts as one failure, because its suite did not finish."""
import sys
import xml.etree.ElementTree as ElementTree

MAX_SHOWN = 4000  # characters of one failure's message, which may contain whole logs


def tally(path):
    passed = failed = skipped = 0
    try:
        cases = ElementTree.parse(path).getroot().iter('testcase')
    except (OSError, ElementTree.ParseError) as error:
        print(f'FAILED {path}: {error}', file=sys.stderr)
        return 0, 1, 0
    for case in cases:
        faults = case.findall('failure') + case.findall('error')
        if faults:
            failed += 1
            said = '\n'.join(filter(None, [fault.text or fault.get('message') for fault in faults]))
            print(f'FAILED {case.get("classname", "")} {case.get("name", "")}\n{said[:MAX_SHOWN]}', file=sys.stderr)
        elif case.find('skipped') is not None or case.get('status') == 'notrun':
            skipped += 1
        else:
            passed += 1
    return passed, failed, skipped


def main():
    sums = [sum(column) for column in zip((0, 0, 0), *map(tally, sys.argv[1:]))]
    print(*sums)


if __name__ == '__main__':
    main()
