# Translates the given program with ecpg, compiles it and runs it.
set -e
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
ecpg -o "$directory/program.c" "$1"
cc -w -I"$(pg_config --includedir)" -o "$directory/program" "$directory/program.c" -lecpg -lpgtypes
ECPG_TARGET="$PGDATABASE@$PGHOST:$PGPORT" "$directory/program"
