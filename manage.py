#!/usr/bin/env python3
"""The portal's command line."""

from __future__ import annotations

import sys

from edrportal.cli import execute_from_command_line

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
