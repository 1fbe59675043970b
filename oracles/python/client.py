"""What programs do with the official Python client: client.py KUBECONFIG [POD/CONTAINER]. A line for each step: ok or FAIL."""

import sys
import threading
import time
import uuid

from kubernetes import client, config, dynamic, informer, utils, watch
from kubernetes.client.rest import ApiException
from kubernetes.leaderelection import electionconfig, leaderelection
from kubernetes.leaderelection.resourcelock.leaselock import LeaseLock
from kubernetes.stream import stream

SPACE = "python-" + uuid.uuid4().hex[:8]
core = apps = dyn = None


def deployment(name, replicas=1, image="i:1"):
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
        "spec": {
            "replicas": replicas, "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"terminationGracePeriodSeconds": 1, "containers": [{"name": "main", "image": image}]}},
        },
    }


def until(what, is_so, seconds=60):
    end = time.time() + seconds
    while not is_so():
        assert time.time() < end, what
        time.sleep(0.1)


def refused(status, reason, call):
    try:
        call()
    except ApiException as error:
        assert error.status == status and '"reason":"%s"' % reason in error.body, error
        return error
    raise AssertionError("was not refused")


def versions_and_discovery():
    assert client.VersionApi().get_code().major == "1"
    assert "v1" in client.CoreApi().get_api_versions().versions
    groups = [group.name for group in client.ApisApi().get_api_versions().groups]
    assert "apps" in groups and "rbac.authorization.k8s.io" in groups, groups
    assert any(resource.name == "deployments" for resource in apps.get_api_resources().resources)


def create_read_replace_delete():
    body = client.V1ConfigMap(metadata=client.V1ObjectMeta(name="a", labels={"x": "y"}), data={"k": "v"}, binary_data={"b": "AAEC"})
    made = core.create_namespaced_config_map(SPACE, body)
    assert made.metadata.uid and made.metadata.creation_timestamp.tzinfo is not None
    refused(409, "AlreadyExists", lambda: core.create_namespaced_config_map(SPACE, body))
    stale = core.read_namespaced_config_map("a", SPACE)
    stale.data["k"] = "w"
    assert core.replace_namespaced_config_map("a", SPACE, stale).data["k"] == "w"
    refused(409, "Conflict", lambda: core.replace_namespaced_config_map("a", SPACE, stale))
    refused(422, "Invalid", lambda: core.create_namespaced_config_map(SPACE, client.V1ConfigMap(metadata=client.V1ObjectMeta(name="Not Valid"))))
    core.delete_namespaced_config_map("a", SPACE)
    refused(404, "NotFound", lambda: core.read_namespaced_config_map("a", SPACE))


def lists_in_pages_and_by_selectors():
    for i in range(7):
        core.create_namespaced_config_map(SPACE, client.V1ConfigMap(metadata=client.V1ObjectMeta(name="page-%d" % i, labels={"page": str(i % 2)})))
    names, token = [], None
    while True:
        page = core.list_namespaced_config_map(SPACE, label_selector="page", limit=3, _continue=token)
        names += [item.metadata.name for item in page.items]
        token = page.metadata._continue
        if not token:
            break
    assert names == ["page-%d" % i for i in range(7)], names
    assert len(core.list_namespaced_config_map(SPACE, label_selector="page in (1)").items) == 3
    assert [item.metadata.name for item in core.list_namespaced_config_map(SPACE, field_selector="metadata.name=page-2").items] == ["page-2"]
    core.delete_collection_namespaced_config_map(SPACE, label_selector="page")
    assert core.list_namespaced_config_map(SPACE, label_selector="page").items == []


def patches_of_every_kind():
    apps.create_namespaced_deployment(SPACE, deployment("patched", 0))
    container = {"spec": {"template": {"spec": {"containers": [{"name": "main", "image": "i:2"}]}}}}
    assert apps.patch_namespaced_deployment("patched", SPACE, container).spec.template.spec.containers[0].image == "i:2"
    steps = [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "i:3"}]
    assert apps.patch_namespaced_deployment("patched", SPACE, steps).spec.template.spec.containers[0].image == "i:3"
    assert apps.patch_namespaced_deployment_scale("patched", SPACE, {"spec": {"replicas": 2}}).spec.replicas == 2
    until("two replicas", lambda: (apps.read_namespaced_deployment_status("patched", SPACE).status.ready_replicas or 0) == 2)
    kinds = dyn.resources.get(api_version="apps/v1", kind="Deployment")
    merged = kinds.patch(name="patched", namespace=SPACE, body={"metadata": {"annotations": {"m": "n"}}}, content_type="application/merge-patch+json")
    assert merged.metadata.annotations["m"] == "n"
    apps.delete_namespaced_deployment("patched", SPACE, propagation_policy="Foreground")
    until("the end of its pods", lambda: not core.list_namespaced_pod(SPACE, label_selector="app=patched").items)


def server_side_apply_with_conflicts():
    kinds = dyn.resources.get(api_version="apps/v1", kind="Deployment")
    kinds.server_side_apply(namespace=SPACE, body=deployment("applied", 0), field_manager="one")
    conflict = None
    try:
        kinds.server_side_apply(namespace=SPACE, body=deployment("applied", 1), field_manager="two")
    except dynamic.exceptions.ConflictError as error:
        conflict = error
    assert conflict is not None and ".spec.replicas" in str(conflict.body), conflict
    forced = kinds.server_side_apply(namespace=SPACE, body=deployment("applied", 1), field_manager="two", force_conflicts=True)
    assert forced.spec.replicas == 1


def watches_from_a_list_on():
    start = core.list_namespaced_config_map(SPACE).metadata.resource_version
    seen = []
    watching = watch.Watch()

    def follow():
        for event in watching.stream(core.list_namespaced_config_map, SPACE, resource_version=start, label_selector="watched=yes", timeout_seconds=30):
            seen.append((event["type"], event["object"].metadata.name))
            if event["type"] == "DELETED":
                watching.stop()

    thread = threading.Thread(target=follow)
    thread.start()
    core.create_namespaced_config_map(SPACE, client.V1ConfigMap(metadata=client.V1ObjectMeta(name="w", labels={"watched": "yes"})))
    core.patch_namespaced_config_map("w", SPACE, {"data": {"k": "v"}})
    core.delete_namespaced_config_map("w", SPACE)
    thread.join(40)
    assert seen == [("ADDED", "w"), ("MODIFIED", "w"), ("DELETED", "w")], seen
    ended = list(watch.Watch().stream(core.list_namespaced_config_map, SPACE, timeout_seconds=1))
    assert [event["object"].metadata.name for event in ended] == ["kube-root-ca.crt"], ended


def informers_hold_what_the_server_has():
    shared = informer.SharedInformer(core.list_namespaced_config_map, namespace=SPACE, label_selector="informed=yes")
    seen = []
    for kind in ("ADDED", "MODIFIED", "DELETED"):
        shared.add_event_handler(kind, lambda held, kind=kind: seen.append((kind, held.metadata.name)))
    labels = client.V1ObjectMeta(name="early", labels={"informed": "yes"})
    core.create_namespaced_config_map(SPACE, client.V1ConfigMap(metadata=labels))
    shared.start()
    try:
        until("the first list", lambda: len(shared.cache.list()) == 1)
        core.create_namespaced_config_map(SPACE, client.V1ConfigMap(metadata=client.V1ObjectMeta(name="late", labels={"informed": "yes"})))
        core.patch_namespaced_config_map("late", SPACE, {"data": {"k": "v"}})
        core.delete_namespaced_config_map("early", SPACE)
        until("what is left", lambda: [held.data for held in shared.cache.list()] == [{"k": "v"}])
        assert seen[0] == ("ADDED", "early") and ("ADDED", "late") in seen and seen[-1] == ("DELETED", "early"), seen
    finally:
        shared.stop()


def dynamic_watches_begin_with_what_there_is():
    kinds = dyn.resources.get(api_version="v1", kind="ConfigMap")
    kinds.create(namespace=SPACE, body={"metadata": {"name": "first", "labels": {"streamed": "yes"}}})
    seen = []
    for event in kinds.watch(namespace=SPACE, label_selector="streamed=yes", timeout=20, allow_watch_bookmarks=True, send_initial_events=True, resource_version_match="NotOlderThan"):
        metadata = event["raw_object"]["metadata"]
        seen.append((event["type"], metadata.get("name")))
        if event["type"] == "BOOKMARK" and metadata["annotations"]["k8s.io/initial-events-end"] == "true":
            kinds.delete(name="first", namespace=SPACE)
        if event["type"] == "DELETED":
            break
    assert seen == [("ADDED", "first"), ("BOOKMARK", None), ("DELETED", "first")], seen


def leaders_are_elected():
    leading = []

    def candidate(name):
        lock = LeaseLock("leader", SPACE, name)
        settings = electionconfig.Config(
            lock, lease_duration=4, renew_deadline=3, retry_period=1, onstarted_leading=lambda: leading.append(name), onstopped_leading=lambda: None)
        threading.Thread(target=leaderelection.LeaderElection(settings).run, daemon=True).start()

    def lease():
        return client.CoordinationV1Api().read_namespaced_lease("leader", SPACE).spec

    candidate("one")
    until("a leader", lambda: leading == ["one"])
    candidate("two")
    before = lease().renew_time
    until("a renewal", lambda: lease().renew_time > before)
    assert lease().holder_identity == "one" and leading == ["one"], leading


def objects_from_documents():
    api = client.ApiClient()
    utils.create_from_dict(api, {"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}], "selector": {"a": "b"}}},
        {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "c"}, "spec": {"schedule": "0 0 1 1 *", "jobTemplate": {"spec": {"template": {"spec": {
            "restartPolicy": "Never", "containers": [{"name": "m", "image": "i"}]}}}}}},
    ]}, namespace=SPACE)
    assert core.read_namespaced_service("s", SPACE).spec.ports[0].target_port == 80
    assert client.BatchV1Api().read_namespaced_cron_job("c", SPACE).spec.suspend is False


def custom_resources():
    group = SPACE + ".example.com"
    definitions = client.ApiextensionsV1Api()
    definitions.create_custom_resource_definition({
        "metadata": {"name": "widgets." + group},
        "spec": {"group": group, "scope": "Namespaced", "names": {"plural": "widgets", "singular": "widget", "kind": "Widget"},
                 "versions": [{"name": "v1", "served": True, "storage": True, "subresources": {"status": {}}, "schema": {"openAPIV3Schema": {
                     "type": "object", "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer", "default": 3}}}, "status": {
                         "type": "object", "x-kubernetes-preserve-unknown-fields": True}}}}}]},
    })
    try:
        custom = client.CustomObjectsApi()
        where = (group, "v1", SPACE, "widgets")

        def is_served():
            try:
                return custom.list_namespaced_custom_object(*where)["items"] == []
            except ApiException as error:
                assert error.status == 404, error
                return False

        until("the kind", is_served)
        made = custom.create_namespaced_custom_object(*where, {"apiVersion": group + "/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": {}})
        assert made["spec"]["size"] == 3
        assert custom.patch_namespaced_custom_object(*where, "w", {"spec": {"size": 4}})["spec"]["size"] == 4
        assert custom.patch_namespaced_custom_object_status(*where, "w", {"status": {"ready": True}})["status"]["ready"] is True
        refused(422, "Invalid", lambda: custom.patch_namespaced_custom_object(*where, "w", {"spec": {"size": "large"}}))
        custom.delete_namespaced_custom_object(*where, "w")
    finally:
        definitions.delete_custom_resource_definition("widgets." + group)


def reviews_and_tokens():
    review = client.V1SelfSubjectAccessReview(spec=client.V1SelfSubjectAccessReviewSpec(resource_attributes=client.V1ResourceAttributes(verb="get", resource="pods")))
    assert client.AuthorizationV1Api().create_self_subject_access_review(review).status.allowed
    until("the account", lambda: core.list_namespaced_service_account(SPACE).items)
    token = core.create_namespaced_service_account_token("default", SPACE, client.AuthenticationV1TokenRequest(spec=client.V1TokenRequestSpec(audiences=[])))
    reviewed = client.AuthenticationV1Api().create_token_review(client.V1TokenReview(spec=client.V1TokenReviewSpec(token=token.status.token)))
    assert reviewed.status.user.username == "system:serviceaccount:%s:default" % SPACE


def pods_and_evictions():
    core.create_namespaced_pod(SPACE, {"metadata": {"name": "p"}, "spec": {"terminationGracePeriodSeconds": 1, "containers": [{"name": "m", "image": "i"}]}})
    until("the pod", lambda: core.read_namespaced_pod_status("p", SPACE).status.phase == "Running")
    core.create_namespaced_pod_eviction("p", SPACE, client.V1Eviction(metadata=client.V1ObjectMeta(name="p")))

    def is_gone():
        return not any(pod.metadata.name == "p" for pod in core.list_namespaced_pod(SPACE).items)

    until("the end of the pod", is_gone)


STEPS = [
    versions_and_discovery, create_read_replace_delete, lists_in_pages_and_by_selectors, patches_of_every_kind, server_side_apply_with_conflicts,
    watches_from_a_list_on, informers_hold_what_the_server_has, dynamic_watches_begin_with_what_there_is, leaders_are_elected, objects_from_documents, custom_resources, reviews_and_tokens, pods_and_evictions,
]


def exec_in(pod, container, space="default"):
    command = ["sh", "-c", "echo out; echo err >&2; read line; echo got $line; exit 3"]
    answer = stream(core.connect_get_namespaced_pod_exec, pod, space, container=container, command=command, stdin=True, stdout=True, stderr=True, _preload_content=False)
    answer.write_stdin("hello\n")
    answer.run_forever(timeout=30)
    assert answer.read_stdout() == "out\ngot hello\n"
    assert answer.read_stderr() == "err\n"
    assert answer.returncode == 3


def run(name, step):
    try:
        step()
        print("ok   python: " + name, flush=True)
    except Exception as error:  # Every step is told of.
        print("FAIL python: %s: %r" % (name, error), flush=True)


def main(kubeconfig, pod=None):
    global core, apps, dyn
    config.load_kube_config(kubeconfig)
    core, apps = client.CoreV1Api(), client.AppsV1Api()
    if pod:
        name, container = pod.split("/")
        run("exec with its streams and exit code", lambda: exec_in(name, container))
        return
    dyn = dynamic.DynamicClient(client.ApiClient())
    core.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(name=SPACE)))
    until("the namespace", lambda: core.list_namespaced_config_map(SPACE).items)
    try:
        for step in STEPS:
            run(step.__name__.replace("_", " "), step)
    finally:
        core.delete_namespace(SPACE)


main(*sys.argv[1:])
