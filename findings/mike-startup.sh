#!/usr/bin/env bash
# mike 2.2.0 on MkDocs 1.6.1: `mike deploy` fires `on_startup`, `on_config` and `on_shutdown` of every plugin and hook in a
# process that builds nothing, and then again in the `mkdocs build` that it starts. There `on_startup` gets the command
# `mike`; MkDocs documents `build`, `gh-deploy` and `serve` only. A plugin that opens something in `on_config`, or that
# takes every command but `serve` for a build, does it for nothing. One `mike deploy` writes:
#
#   startup mike
#   config
#   shutdown
#   startup build
#   config
#   post_build
#   shutdown
#
# Exits with 1 if that changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q mkdocs==1.6.1 mike==2.2.0
export PATH="$work/venv/bin:$PATH" EVENTS="$work/events"
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b.c GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b.c
mkdir -p "$work/project/docs"
cd "$work/project"
echo '# Title' >docs/index.md
printf 'site_name: Test\nplugins: [mike]\nhooks: [hooks.py]\n' >mkdocs.yml
cat >hooks.py <<'PY'
import os


def told(what):
    with open(os.environ["EVENTS"], "a") as file:
        file.write(what + "\n")


def on_startup(command, dirty):
    told(f"startup {command}")


def on_config(config):
    told("config")


def on_post_build(config):
    told("post_build")


def on_shutdown():
    told("shutdown")
PY
git init -q
git add .
git commit -qm first
mike deploy 1.0 >/dev/null 2>&1
cat "$EVENTS"
[ "$(cat "$EVENTS")" = "startup mike
config
shutdown
startup build
config
post_build
shutdown" ]
