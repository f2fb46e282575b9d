import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FUNCTION_NAMES } from '../../infra/bundle.ts';
import { remediations } from '../../ssm-documents/remediations.ts';
import { PERMISSIONS_PAGE, permissionsTemplate, renderPermissionsPage, rowsOf } from '../docs/permissions-page.ts';
import { resolve, roleOf } from '../infra/resolve.ts';
import { resourcesOf } from '../infra/synthesized.ts';

const template = permissionsTemplate();
const page = readFileSync(PERMISSIONS_PAGE, 'utf8');
const roles = FUNCTION_NAMES.map((name) => ({ name, ...roleOf(template, name) }));

describe('docs/permissions.md', () => {
  it('is written from the template (node test/docs/render-permissions.ts writes it)', () => {
    expect(page === renderPermissionsPage()).toBe(true);
  });

  it.each(remediations)('shows that run-controller may send the check of $name', ({ name }) => {
    const section = page.split('\n### run-controller\n')[1]?.split('\n#')[0] ?? '';
    expect(section).toContain(`\`ssm:document/fleetmend-${name}-check-`);
  });

  it.each(FUNCTION_NAMES)('shows each statement of the role of %s', (name) => {
    const section = page.split(`\n### ${name}\n`)[1]?.split('\n#')[0] ?? '';
    const shown = section.split('\n').filter((line) => /^\| (?:Allow|Deny) /.test(line));
    expect(shown).toHaveLength(rowsOf(template, name).length);
    for (const action of roleOf(template, name).statements.flatMap(({ Action }) => Action)) {
      expect(section).toContain(`\`${action}\``);
    }
  });
});

describe('what the page says about all roles', () => {
  it('that there are no others, and that they have no other policies', () => {
    const all = resourcesOf(template, 'AWS::IAM::Role');
    expect(all.map(([id]) => id).toSorted()).toEqual(roles.map(({ arn }) => arn.split('/')[1]).toSorted());
    for (const [id, { Properties }] of all) {
      expect([id, Properties.ManagedPolicyArns, Properties.Policies]).toEqual([id, undefined, undefined]);
    }
    expect(resourcesOf(template, 'AWS::IAM::Policy')).toHaveLength(roles.length);
    for (const [, { Properties }] of resourcesOf(template, 'AWS::IAM::ManagedPolicy')) {
      expect([Properties.Roles, Properties.Users, Properties.Groups]).toEqual([undefined, undefined, undefined]);
    }
  });

  it('that Lambda alone assumes them', () => {
    for (const [, { Properties }] of resourcesOf(template, 'AWS::IAM::Role')) {
      expect(resolve(template, Properties.AssumeRolePolicyDocument)).toMatchObject({
        Statement: [{ Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' } }],
      });
    }
  });

  it('that run-controller alone sends commands, and that none changes IAM, CloudFormation or code', () => {
    const actions = roles.flatMap(({ name, statements }) =>
      statements.flatMap(({ Action }) => Action.map((action) => ({ name, action }))),
    );
    const senders = actions.filter(({ action }) => action === 'ssm:SendCommand').map(({ name }) => name);
    expect([...new Set(senders)]).toEqual(['run-controller']);
    const changes = /^(?:iam|cloudformation|sts):|^lambda:(?!InvokeFunction$)/;
    expect(actions.filter(({ action }) => changes.test(action))).toEqual([]);
  });
});
