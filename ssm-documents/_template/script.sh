# template: one sentence on what it repairs. The prelude (lib/base/prelude.sh) is joined in front of it; see there for `capture`,
# `bounded`, `evidence`, `take_lock` and `finish`. What other scripts could use too goes into ../lib; a part of this one alone
# goes into a file beside it. Both are named by a line `#@ use`, at the start of the section that needs them.
# shellcheck shell=bash disable=SC2034  # the prelude prints what is only set here

#@ section check

FILE=${FLEETMEND_TEMPLATE_FILE:-/etc/example}

# diagnose: finds out everything that check and repair decide by. It changes nothing.
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
  # Errexit does not hold in a condition, nor in what it calls: look at every exit code that matters.
  if ! write_file; then
    finish_not_repaired TemplateFileMissing '' failedStep write
  fi
  METHOD=create
  # The result comes from another look at the node, not from the exit code of the action.
  if diagnose; then
    finish Repaired TemplateFileMissing
  fi
  finish_not_repaired TemplateFileMissing '' failedStep verify
}

# write_file: atomic, so that whoever looks sees the old state or the new one, wherever this script is killed. The prelude's
# umask is 077.
write_file() {
  : > "$FILE.fleetmend" && chmod 644 -- "$FILE.fleetmend" && mv -f -- "$FILE.fleetmend" "$FILE"
}

remove_half_file() {
  rm -f -- "$FILE.fleetmend"
}
