import { describe, expect, it } from 'vitest';
import { kindOfSpeaker, speakerInText, speakerOf } from './speaker.ts';

it.each([
  ['kubelet', 'kubelet'],
  ['kubelet.service', 'kubelet'],
  ['/usr/bin/kubelet', 'kubelet'],
  ['kubelet[644]:', 'kubelet'],
  ['kubelet-eks.daemon', 'kubelet'],
  ['microk8s.daemon-kubelite', 'kubelet'],
  ['k3s', 'kubelet'],
  ['containerd', 'containerd'],
  ['snap.microk8s.daemon-containerd.service', 'containerd'],
  ['dockerd', 'docker'],
  ['cri-docker.socket', 'cri-dockerd'],
  ['aws-node', 'ipamd'],
  ['systemd', 'other'],
  ['init.scope', 'other'],
  ['pull-sandbox-image.sh', 'other'],
  ['nodeadm-run.service', 'other'],
  ['my-kubelet', undefined],
  ['kubelet-notes', undefined],
  ['nodeadm', 'other'],
  ['pull-image', 'other'],
  ['pull-image.sh', 'other'],
  ['bootstrap', 'other'],
  ['pull-sandbox-image', 'other'],
  ['sshd', undefined],
  ['', undefined],
  ...[
    'my-k3s',
    'k3s-notes',
    'my-containerd',
    'containerd-stress',
    'docker-proxy',
    'my-cri-dockerd',
    'cri-dockerd-test',
  ].map((name): [string, undefined] => [name, undefined]),
  ...['my-aws-node', 'aws-node-test', 'my-systemd', 'systemd-test', 'kubelet.service.bak', 'kubelet[644]x'].map(
    (name): [string, undefined] => [name, undefined],
  ),
])('knows the component %j as %s', (name, kind) => {
  expect(kindOfSpeaker(name)).toBe(kind);
});

it.each([
  ['May 26 11:27:32 ip-10-0-3-7 kubelet[644]: E0526 x', 'kubelet'],
  ['<30>Jun  8 17:26:20 node4 kubelet: E0608 x', 'kubelet'],
  ['2026-05-26T11:27:32.703Z ip-10-0-3-7 sshd[991]: x', 'sshd'],
  ['<30>1 2026-03-12T07:41:09.552310Z ip-10-0-3-7 systemd 1 - - x', 'systemd'],
  ['<30>2026-05-26T11:27:32.703+02:00 ip-10-0-3-7 sshd[991]: x', 'sshd'],
  ['2026-05-26T11:27:32.703-0230 ip-10-0-3-7 sshd[991]: x', 'sshd'],
  ['<30>1 2026-03-12T07:41:09.552310Z ip-10-0-3-7 systemd 991 ID47 - x', 'systemd'],
  ['x May 26 11:27:32 ip-10-0-3-7 sshd[991]: x', undefined],
  ['x 2026-05-26T11:27:32.703Z ip-10-0-3-7 sshd[991]: x', undefined],
  ['x <30>1 2026-03-12T07:41:09.552310Z ip-10-0-3-7 sshd 1 - - x', undefined],
  ['2026-05-26T11:27:32.703454901Z stderr F E0526 x', undefined],
  ['2026-05-26T11:27:32Z WARN main: x', undefined],
  ['E0526 11:27:32.703454     644 log.go:32] x', undefined],
])('reads who wrote %j: %s', (text, name) => {
  expect(speakerInText(text)).toBe(name);
});

describe('the fields of a record', () => {
  it.each<[string, object, unknown]>([
    ['Fluent Bit', { host: 'h', ident: 'kubelet' }, { name: 'kubelet', kind: 'kubelet' }],
    ['a unit', { systemd_unit: 'docker.service' }, { name: 'docker.service', kind: 'docker' }],
    [
      'the journal',
      { SYSLOG_IDENTIFIER: 'containerd', _COMM: 'containerd' },
      { name: 'containerd', kind: 'containerd' },
    ],
    ['systemd for a unit', { ident: 'systemd', _SYSTEMD_UNIT: 'init.scope' }, { name: 'systemd', kind: 'other' }],
    [
      'a script of a unit',
      { _COMM: 'cloud-init', unit: 'kubelet.service' },
      { name: 'kubelet.service', kind: 'kubelet' },
    ],
    [
      'Filebeat',
      { syslog: { identifier: 'kubelet' }, systemd: { unit: 'kubelet.service' } },
      { name: 'kubelet', kind: 'kubelet' },
    ],
    ...[
      ...['ident', 'SYSLOG_IDENTIFIER', 'syslog_identifier', 'appname', 'app_name', 'programname', 'syslogtag'],
      ...['PROGRAM', 'program', '_COMM', 'service', 'systemd_unit', '_SYSTEMD_UNIT'],
    ].map((field): [string, object, unknown] => [`the field ${field}`, { [field]: 'sshd' }, 'stranger']),
    ['a unit of two words', { unit: 'my kubelet.service' }, undefined],
    ['a unit and more', { unit: 'kubelet.service x' }, undefined],
    ['a program of the host', { ident: 'sshd' }, 'stranger'],
    ['a program that claims to be kubelet', { ident: 'kubelet', _SYSTEMD_UNIT: 'user@1000.service' }, 'stranger'],
    ['nobody', { message: 'm', ident: '', unit: 'ms', syslog: null, process: 7, systemd: { unit: 1 } }, undefined],
  ])('name the program: %s', (_, fields, speaker) => {
    expect(speakerOf(fields as Readonly<Record<string, unknown>>)).toEqual(speaker);
  });
});
