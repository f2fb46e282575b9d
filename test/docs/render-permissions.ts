/** Writes docs/permissions.md. */
import { writeFileSync } from 'node:fs';
import { PERMISSIONS_PAGE, renderPermissionsPage } from './permissions-page.ts';

writeFileSync(PERMISSIONS_PAGE, renderPermissionsPage());
