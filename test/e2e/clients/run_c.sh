#!/bin/sh
# Compiles a C program with libpq and runs it: `run_c.sh FILE.c`.
set -e
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
cc -Wall -O0 -I"$(pg_config --includedir)" -o "$directory/program" "$1" -lpq
"$directory/program"
