#!/usr/bin/env bash
# mkdocs-static-i18n 1.3.1 on MkDocs 1.6.1 builds every further language inside its own `on_post_build`, and MkDocs ends a
# strict build at the end of each `build()`. So it depends on the language in which the one warning is, what a strict build
# leaves: with a broken link in a page of the default language all three languages are written; with the same broken link
# in the second language the third one is not written at all, and nothing says so. Both exit with 1 and the same message:
#
#   warning in en: exit 1, written: de/index.html fr/index.html index.html
#   warning in fr: exit 1, written: fr/index.html index.html
#   warning in de: exit 1, written: de/index.html fr/index.html index.html
#
# Exits with 1 if that changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q mkdocs==1.6.1 mkdocs-static-i18n==1.3.1
cd "$work"

try() {
  rm -rf site docs
  mkdir docs
  for language in en fr de; do
    suffix=.$language
    [ "$language" = en ] && suffix=
    if [ "$language" = "$1" ]; then link='[x](gone.md)'; else link=''; fi
    printf '# Title\n\n%s\n' "$link" >"docs/index$suffix.md"
  done
  status=0
  "$work/venv/bin/mkdocs" build --strict >log 2>&1 || status=$?
  grep -q 'Aborted with 1 warnings in strict mode!' log
  echo "warning in $1: exit $status, written:$(cd site && find . -name index.html | sed 's,^\./,,' | sort | tr '\n' ' ' | sed 's/^/ /; s/ $//')"
}

cat >mkdocs.yml <<'YML'
site_name: Test
theme: mkdocs
plugins:
  - i18n:
      docs_structure: suffix
      languages:
        - {locale: en, default: true, name: English}
        - {locale: fr, name: Français}
        - {locale: de, name: Deutsch}
YML

found=$(try en; try fr; try de)
echo "$found"
[ "$found" = "warning in en: exit 1, written: de/index.html fr/index.html index.html
warning in fr: exit 1, written: fr/index.html index.html
warning in de: exit 1, written: de/index.html fr/index.html index.html" ]
