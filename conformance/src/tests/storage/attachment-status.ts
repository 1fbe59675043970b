import assert from 'node:assert/strict';
import { volumeAttachment } from '@navarch/api';
import { conformanceTest } from '../../conformance-test.ts';
import { getJson } from '../../requests.ts';
import { attachmentDraft, patchLabel, untilNone } from './lifecycles.ts';

export const attachmentStatusTest = conformanceTest(
  '[sig-storage] VolumeAttachment Conformance should apply changes to a volumeattachment status',
  async (context) => {
    const api = context.api.of(volumeAttachment);
    const { name, draft } = await attachmentDraft(context, 0);
    const made = await api.create(draft);
    assert.equal(made.metadata.name, name);
    await patchLabel(api, made, name, 'merge');
    const { status } = await getJson<typeof made>(context, `/apis/storage.k8s.io/v1/volumeattachments/${name}/status`);
    assert.equal(status.attached, false);
    const patched = await api.patch(
      name,
      { type: 'merge', body: { status: { attached: true } } },
      { subresource: 'status' },
    );
    assert.equal(patched.status.attached, true);
    const updated = await api.update(
      name,
      (current) => ({ ...current, status: { ...current.status, attached: false } }),
      { subresource: 'status' },
    );
    assert.equal(updated.status.attached, false);
    await api.delete(name);
    await untilNone(context, api, { labelSelector: `${name}=patched` });
  },
);
