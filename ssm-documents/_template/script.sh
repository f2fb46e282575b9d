# template: one sentence on what it repairs. The prelude (lib/base/prelude.sh) is joined in front of it; see there for `capture`,
# `bounded`, `evidence`, `take_lock` and `finish`. What other scripts could use too goes into ../lib; a part of this one alone
# goes into a file beside it. Both are named by a line `#@ use`, at the start of the section that needs them.
# shellcheck shell=bash disable=SC2034  # the prelude prints what is only set here

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
#@ use base/failures

repair() {
  take_lock exclusive
  if diagnose; then
    finish Healthy '' "$FILE is there."
  fi
  at_exit remove_half_file
  changing "writing $FILE"
  # Errexit does not hold in a condition, nor in what it calls: look at every exit code that matters.
  if ! write_file; then
    finish_not_repaired TemplateFileMissing "$FILE could not be written."
  fi
  METHOD=create
  # Never believe the act; look again.
  if diagnose; then
    finish Repaired TemplateFileMissing "$FILE is back."
  fi
  finish_not_repaired TemplateFileMissing "$FILE was written, and is missing all the same."
}

# write_file: atomic, so that whoever looks sees the old state or the new one, wherever this script is killed. The prelude's
# umask is 077.
write_file() {
  : > "$FILE.fleetmend" && chmod 644 -- "$FILE.fleetmend" && mv -f -- "$FILE.fleetmend" "$FILE"
}

remove_half_file() {
  rm -f -- "$FILE.fleetmend"
}
