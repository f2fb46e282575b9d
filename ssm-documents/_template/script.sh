# template: one sentence on what it mends. The prelude (lib/prelude.sh) is joined in front of it; see there for `capture`,
# `bounded`, `evidence`, `take_lock` and `finish`.
# shellcheck shell=bash disable=SC2034  # IMAGE, DIGEST, CAUSE and others are printed by the prelude

#@ section check

FILE=${FLEETMEND_TEMPLATE_FILE:-/etc/example}

# diagnose: finds out everything that check and repair decide by. It changes nothing.
diagnose() {
  [[ -e $FILE ]]
}

check() {
  take_lock shared
  if diagnose; then
    finish Healthy '' "$FILE is there."
  fi
  finish Broken TemplateFileMissing "$FILE is missing."
}

#@ section repair

repair() {
  take_lock exclusive
  if diagnose; then
    finish Healthy '' "$FILE is there."
  fi
  # Atomic: whoever looks sees the old state or the new one, wherever this script is killed.
  : > "$FILE.fleetmend" && mv -f -- "$FILE.fleetmend" "$FILE"
  RUNG=create
  if diagnose; then
    finish Repaired TemplateFileMissing "$FILE is back."
  fi
  finish NotRepaired TemplateFileMissing "$FILE could not be written."
}
