# SPDX-License-Identifier: Apache-2.0
"""Files stay small enough to be read in one sitting.

    size_test.py SOURCE_DIR
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import house

LINES_MAX = 500
COLUMNS_MAX = 80
DOCUMENTS = {"README.md": 150, "CMakeLists.txt": 150}


def faults(root):
    for path in house.sources(root):
        text = house.lines(root, path)
        if len(text) > LINES_MAX:
            yield f"{path}: {len(text)} lines, at most {LINES_MAX}"
        for number, line in enumerate(text, 1):
            if len(line) > COLUMNS_MAX:
                yield f"{path}:{number}: over {COLUMNS_MAX} columns"
        if text[:1] != ["/* SPDX-License-Identifier: Apache-2.0 */"]:
            yield f"{path}: the first line is not the licence"
    for path, limit in DOCUMENTS.items():
        if os.path.exists(os.path.join(root, path)):
            count = len(house.lines(root, path))
            if count >= limit:
                yield f"{path}: {count} lines, under {limit} wanted"


house.verdict(list(faults(sys.argv[1])))
