#!/usr/bin/env python3
"""Runs servers under load and prints tables. See README.md."""

import sys

from runner.cli import main

sys.exit(main())
