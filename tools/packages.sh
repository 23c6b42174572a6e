# shellcheck shell=bash disable=SC2154
# Installs what is missing of packages.txt. Sourced by ./run and ./check; bash.
# Everything here says in one sentence what went wrong and what to do, and returns 1.

# packages_of GROUP…: the lines of those groups, "name" or "name alternative …", one a line.
packages_of() {
  local groups=" $* "
  sed -e 's/#.*//' -e 's/|/ /g' "$top/packages.txt" | while read -r group names; do
    [[ -z $group || $groups != *" $group "* ]] || printf '%s\n' "$names"
  done | sort -u
}

is_installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# missing_packages GROUP…: for each line without an installed alternative, that line.
missing_packages() {
  local names name
  packages_of "$@" | while read -r names; do
    for name in $names; do ! is_installed "$name" || continue 2; done
    printf '%s\n' "$names"
  done
}

# choose_package NAME…: the first that apt can install here.
choose_package() {
  local name
  for name in "$@"; do
    if [[ $(LC_ALL=C apt-cache policy "$name" 2>/dev/null) =~ Candidate:\ [^\(] ]]; then
      printf '%s\n' "$name"
      return 0
    fi
  done
  return 1
}

# choose_packages LINES: sets `chosen`; false when apt does not know some package (its lists may be missing).
choose_packages() {
  local names name
  chosen=()
  while read -r names; do
    # shellcheck disable=SC2086 # a line is a list of alternatives
    name=$(choose_package $names) || { unknown=$names; return 1; }
    chosen+=("$name")
  done <<<"$1"
}

# as_root COMMAND…: directly, or by sudo.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

may_become_root() {
  [ "$(id -u)" -eq 0 ] && return
  command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }
}

# logged_apt ARGUMENTS…: apt-get, its output in the log; on failure the last errors are shown.
logged_apt() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o Acquire::Retries=2 -o DPkg::Lock::Timeout=120 "$@" >>"$log" 2>&1 && return
  grep -E '^(E:|Err:)' "$log" | tail -n 5 >&2
  return 1
}

# install_packages GROUP…: does nothing, and needs nothing, when all are there.
install_packages() {
  local missing free_kib unknown chosen
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    [ -z "${ORRERY_SKIP_PACKAGES:-}" ] || return 0
    complain "this is not a Debian system, so ./run can't install what it needs: install the equivalents of the packages in packages.txt, then set ORRERY_SKIP_PACKAGES=1"
    return 1
  fi
  missing=$(missing_packages "$@")
  [ -n "$missing" ] && [ -z "${ORRERY_SKIP_PACKAGES:-}" ] || return 0
  if ! may_become_root; then
    complain "packages are missing, and neither root nor sudo is at hand to install them; as root, run: apt-get install $(awk '{ print $1 }' <<<"$missing" | paste -sd' ')"
    return 1
  fi
  free_kib=$(df --output=avail -k /usr | tail -n 1)
  if [ "$free_kib" -lt 2000000 ]; then
    complain "less than 2 GB are free on the disk that holds /usr; the missing packages may need that much"
    return 1
  fi
  inform "installing $(wc -l <<<"$missing") Debian packages (details in ${log#"$top"/})"
  if ! choose_packages "$missing"; then
    logged_apt update || { complain "apt-get update failed: is there a network connection?"; return 1; }
    choose_packages "$missing" || { complain "this system's apt knows no package ${unknown// / or }: Orrery needs Debian 12 or newer"; return 1; }
  fi
  logged_apt install -y --no-install-recommends "${chosen[@]}" && return
  # Lists that are older than the mirror's state name packages that are gone.
  inform "the install failed; trying once more with fresh package lists"
  if ! logged_apt update || ! logged_apt install -y --no-install-recommends "${chosen[@]}"; then
    complain "the packages could not be installed: is there a network connection? Details in ${log#"$top"/}"
    return 1
  fi
}
