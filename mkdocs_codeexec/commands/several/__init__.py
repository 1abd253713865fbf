"""Commands that are about several sites at once: `-f a/mkdocs.yml -f b/mkdocs.yml`."""
