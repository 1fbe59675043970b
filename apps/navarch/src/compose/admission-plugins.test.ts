import assert from 'node:assert/strict';
import { test } from 'node:test';
import { admissionPlugins } from './admission-plugins.ts';

test('admissionPlugins() passes on the names of both flags', () => {
  assert.deepEqual(admissionPlugins(['OwnerReferencesPermissionEnforcement'], ['LimitRanger']), {
    enabledAdmission: ['OwnerReferencesPermissionEnforcement'],
    disabledAdmission: ['LimitRanger'],
  });
});

test('admissionPlugins() names what is not known, not here, or wanted and not wanted', () => {
  assert.throws(() => admissionPlugins([], ['Nonsense']), /disable-admission-plugins plugin "Nonsense" is unknown/);
  assert.throws(() => admissionPlugins(['AlwaysAdmit'], []), /AlwaysAdmit cannot be followed: there is no such plugin/);
  assert.throws(
    () => admissionPlugins(['Priority'], ['Priority']),
    /\[Priority\] in enable-admission-plugins and disable-admission-plugins overlapped/,
  );
});
