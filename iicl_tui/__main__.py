"""python -m iicl_tui"""

import sys

from iicl_tui.cli import main

sys.exit(main())
