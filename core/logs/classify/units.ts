// What systemd of any version logs about a unit that failed (219 on AL2: `Unit X entered failed state.`). A program that was
// asked to stop and ended well is none.
const FAILED =
  '(?:failedwithresult|mainprocessexited(?!,code=(?:exited,status=0|killed,status=15))|(?:unit)?enteredfailedstate|startrequestrepeatedtooquickly|failed\\.)';

/** Whether a record in {@link Segment.lower} says that systemd found a unit failed. `unit` is a pattern: `docker\.service`. */
export const unitFailed = (unit: string): RegExp =>
  new RegExp(
    `(?<![a-z0-9]|[a-z0-9]-)${unit}:?${FAILED}|unit${unit}enteredfailedstate|startrequestrepeatedtooquicklyfor${unit}`,
  );

/** The same of what `systemctl status` prints about a unit that failed, or that systemd starts again and again. */
export const statusFailed = (unit: string): RegExp =>
  new RegExp(
    `(?<![a-z0-9-])${unit}-[^●]{0,600}?active:(?:failed\\(|activating\\(auto-restart\\)|inactive\\(dead\\)\\(result)`,
  );
