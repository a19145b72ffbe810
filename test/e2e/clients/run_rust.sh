# Builds the crate of the given folder with the crates of Debian's packages (/usr/share/cargo/registry) and runs it: `run_rust.sh FOLDER`. What is built stays in /tmp/shoal-rust.
set -e
target=/tmp/shoal-rust
mkdir -p "$target/.cargo"
cp -r "$1/Cargo.toml" "$1/src" "$target"
printf '[source.crates-io]\nreplace-with = "debian"\n[source.debian]\ndirectory = "/usr/share/cargo/registry"\n' > "$target/.cargo/config.toml"
cd "$target"
cargo build --quiet --offline >&2
exec target/debug/shoal-session
