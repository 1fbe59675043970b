import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clusterRole } from '@navarch/api';
import { clusterRoleAggregationController } from '@navarch/controllers';
import { ControlPlane } from '../testing/control-plane.ts';

const covers = async (plane: ControlPlane, role: string, resource: string): Promise<boolean> =>
  ((await plane.api.of(clusterRole).get(role)).rules ?? []).some((rule) => rule.resources?.includes(resource));

test('admin, edit and view get their rules from the roles that are aggregated into them', async () => {
  await using plane = await ControlPlane.start({ controllers: [clusterRoleAggregationController] });
  await plane.clock.advance(5000);
  assert.deepEqual([await covers(plane, 'view', 'pods/log'), await covers(plane, 'view', 'secrets')], [true, false]);
  assert.deepEqual([await covers(plane, 'edit', 'pods/log'), await covers(plane, 'edit', 'secrets')], [true, true]);
  assert.deepEqual([await covers(plane, 'edit', 'roles'), await covers(plane, 'admin', 'roles')], [false, true]);
});

test('the rules of an aggregated role are applied: who applies others is told of a conflict with whom', async () => {
  await using plane = await ControlPlane.start({ controllers: [clusterRoleAggregationController] });
  await plane.clock.advance(5000);
  const { metadata } = await plane.api.of(clusterRole).get('view');
  const owners = (metadata.managedFields ?? []).filter(({ fieldsV1 }) => Object.hasOwn(fieldsV1 ?? {}, 'f:rules'));
  assert.deepEqual(
    owners.map(({ manager, operation }) => [manager, operation]),
    [['clusterrole-aggregation-controller', 'Apply']],
  );
});

test('a role of somebody else is taken in by its label, and let go with it', async () => {
  await using plane = await ControlPlane.start({ controllers: [clusterRoleAggregationController] });
  const labels = { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' };
  await plane.api.of(clusterRole).create({
    metadata: { name: 'widgets', labels },
    rules: [{ verbs: ['get'], apiGroups: ['example.com'], resources: ['widgets'] }],
  });
  await plane.clock.advance(5000);
  assert.deepEqual([await covers(plane, 'view', 'widgets'), await covers(plane, 'admin', 'widgets')], [true, true]);
  await plane.api.of(clusterRole).delete('widgets');
  await plane.clock.advance(5000);
  assert.deepEqual([await covers(plane, 'view', 'widgets'), await covers(plane, 'admin', 'widgets')], [false, false]);
});
