# template: one sentence on what it repairs. The builder puts the prelude (lib/base/prelude.sh) in front of it; see there for
# `capture`, `bounded`, `evidence`, `take_lock` and `finish`. Put functions that other scripts can use into ../lib, and other
# parts into files beside this one. A line `#@ use` at the start of a section names each part that the section needs.
# shellcheck shell=bash disable=SC2034  # the prelude prints what is only set here

#@ section check

FILE=${FLEETMEND_TEMPLATE_FILE:-/etc/example}

# diagnose: collects the state for check and repair. It changes nothing.
diagnose() {
  evidence file "$FILE"
  [[ -e $FILE ]]
}

check() {
  take_lock shared
  if diagnose; then
    finish Healthy ''
  fi
  finish Broken TemplateFileMissing
}

#@ section repair
#@ use base/failures

repair() {
  take_lock exclusive
  if diagnose; then
    finish Healthy ''
  fi
  at_exit remove_half_file
  changing "writing $FILE"
  # Errexit does not apply in a condition, nor in the functions that it calls: check every relevant exit code.
  if ! write_file; then
    finish_not_repaired TemplateFileMissing '' failedStep write
  fi
  METHOD=create
  # The result comes from a second check of the node, not from the exit code of the action.
  if diagnose; then
    finish Repaired TemplateFileMissing
  fi
  finish_not_repaired TemplateFileMissing '' failedStep verify
}

# write_file: writes atomically, so that a reader sees either the old or the new state, even if this script is killed. The
# prelude's umask is 077.
write_file() {
  : > "$FILE.fleetmend" && chmod 644 -- "$FILE.fleetmend" && mv -f -- "$FILE.fleetmend" "$FILE"
}

remove_half_file() {
  rm -f -- "$FILE.fleetmend"
}
