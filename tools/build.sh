# shellcheck shell=bash disable=SC2154
# Sets up and builds a CMake preset. Sourced by ./run and ./check; bash. They set `top` (the checkout).

program_name=${0##*/}
log=$top/build/setup.log
inform() { printf '%s: %s\n' "$program_name" "$*" >&2; }
complain() { printf '%s: error: %s\n' "$program_name" "$*" >&2; }
if ! mkdir -p "$top/build" 2>/dev/null || ! : 2>/dev/null >"$log"; then
  complain "$top/build can't be written by this user; was it made by another one?"
  exit 200
fi

# jobs: as many compilers as there are cores, but no more than there is memory for (1.5 GiB each).
jobs() {
  local cores memory_kib
  cores=$(nproc)
  memory_kib=$(awk '/MemAvailable/ { print $2 }' /proc/meminfo)
  local by_memory=$((memory_kib / 1500000))
  if [ "$by_memory" -lt "$cores" ]; then cores=$by_memory; fi
  printf '%s\n' $((cores > 0 ? cores : 1))
}

# build_preset PRESET [TESTING]: configures if need be and builds everything. TESTING is ON or OFF; without it, as it was,
# or OFF for a new folder. Quiet where nothing is to be done.
build_preset() {
  local preset=$1 testing=${2:-} folder=$top/build/$1 free_kib started=$SECONDS
  free_kib=$(df --output=avail -k "$top/build" | tail -n 1)
  if [ "$free_kib" -lt 1500000 ]; then
    complain "less than 1.5 GB are free on the disk that holds $top/build; the build may need that much"
    return 1
  fi
  if [ ! -e "$folder/build.ninja" ] || { [ -n "$testing" ] && ! grep -qx "BUILD_TESTING:BOOL=$testing" "$folder/CMakeCache.txt"; }; then
    inform "configuring build/$preset"
    if ! (cd "$top" && cmake --preset "$preset" -DBUILD_TESTING="${testing:-OFF}") >>"$log" 2>&1; then
      grep -A 8 'CMake Error' "$log" | tail -n 20 >&2
      complain "cmake can't configure build/$preset; details in ${log#"$top"/}"
      return 1
    fi
  fi
  inform "building build/$preset"
  compile "$folder" || { complain "the build failed in build/$preset"; return 1; }
  inform "built build/$preset in $((SECONDS - started)) s"
}

# compile FOLDER: ninja's progress on a terminal; elsewhere its output goes to build.log, and only errors are shown.
compile() {
  if [ -t 2 ]; then
    cmake --build "$1" --parallel "$(jobs)" >&2
  elif ! cmake --build "$1" --parallel "$(jobs)" >"$1/build.log" 2>&1; then
    grep -Ev '^\[[0-9/]+\] (Building|Linking)' "$1/build.log" | tail -n 60 >&2
    return 1
  fi
}
