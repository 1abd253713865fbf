"""The plugin of MkDocs, and of ProperDocs, which is a fork of it."""

import gc

gc.freeze()  # see `loading`
