# SPDX-License-Identifier: Apache-2.0
"""A fixed set of simulations, and one that each commit draws anew.

    seeds_test.py MSOCK_SIM SOURCE_DIR COUNT
"""

import hashlib
import os
import subprocess
import sys


def commit(root):
    """Returns the commit's name, or None where there is no repository."""
    try:
        head = subprocess.run(["git", "-C", root, "rev-parse", "HEAD"],
                              capture_output=True, text=True)
    except OSError:
        return None
    return head.stdout.strip() if head.returncode == 0 else None


def sources(root):
    """Returns a name for the engine's sources as they are."""
    digest = hashlib.sha256()
    for folder in ("codec", "core"):
        for name in sorted(os.listdir(os.path.join(root, folder))):
            if name.endswith((".c", ".h")):
                with open(os.path.join(root, folder, name), "rb") as file:
                    digest.update(file.read())
    return digest.hexdigest()


def main(program, root, count):
    drawn = int((commit(root) or sources(root))[:15], 16)
    print(f"drawn seed: {drawn}", flush=True)
    fixed = subprocess.run([program, "--count", count])
    fresh = subprocess.run([program, "--seeds", f"{drawn}..{drawn}"])
    return fixed.returncode or fresh.returncode


sys.exit(main(*sys.argv[1:]))
