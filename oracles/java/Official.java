import com.google.gson.reflect.TypeToken;
import io.kubernetes.client.Exec;
import io.kubernetes.client.custom.V1Patch;
import io.kubernetes.client.extended.leaderelection.LeaderElectionConfig;
import io.kubernetes.client.extended.leaderelection.LeaderElector;
import io.kubernetes.client.extended.leaderelection.resourcelock.LeaseLock;
import io.kubernetes.client.informer.ResourceEventHandler;
import io.kubernetes.client.informer.SharedInformerFactory;
import io.kubernetes.client.openapi.ApiClient;
import io.kubernetes.client.openapi.ApiException;
import io.kubernetes.client.openapi.apis.ApisApi;
import io.kubernetes.client.openapi.apis.AppsV1Api;
import io.kubernetes.client.openapi.apis.CoordinationV1Api;
import io.kubernetes.client.openapi.apis.CoreV1Api;
import io.kubernetes.client.openapi.apis.VersionApi;
import io.kubernetes.client.openapi.models.V1ConfigMap;
import io.kubernetes.client.openapi.models.V1ConfigMapList;
import io.kubernetes.client.openapi.models.V1Container;
import io.kubernetes.client.openapi.models.V1Deployment;
import io.kubernetes.client.openapi.models.V1DeploymentSpec;
import io.kubernetes.client.openapi.models.V1LabelSelector;
import io.kubernetes.client.openapi.models.V1Namespace;
import io.kubernetes.client.openapi.models.V1ObjectMeta;
import io.kubernetes.client.openapi.models.V1PodSpec;
import io.kubernetes.client.openapi.models.V1PodTemplateSpec;
import io.kubernetes.client.util.CallGeneratorParams;
import io.kubernetes.client.util.Config;
import io.kubernetes.client.util.PatchUtils;
import io.kubernetes.client.util.Watch;
import io.kubernetes.client.util.generic.dynamic.DynamicKubernetesApi;
import io.kubernetes.client.util.generic.dynamic.DynamicKubernetesObject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;

/** What programs do with the official client: Official KUBECONFIG [POD/CONTAINER]. */
final class Official {
  private static final String SPACE = "java-" + UUID.randomUUID().toString().substring(0, 8);
  private final ApiClient client;
  private final CoreV1Api core;
  private final AppsV1Api apps;

  private Official(ApiClient client) {
    this.client = client;
    core = new CoreV1Api(client);
    apps = new AppsV1Api(client);
  }

  public static void main(String[] args) throws Exception {
    var client = Config.fromConfig(args[0]);
    client.setReadTimeout(0);
    var walk = new Official(client);
    var failed = args.length > 1 ? walk.streams(args[1]).run() : walk.inOwnNamespace();
    System.exit(failed > 0 ? 1 : 0);
  }

  private int inOwnNamespace() throws ApiException {
    core.createNamespace(new V1Namespace().metadata(new V1ObjectMeta().name(SPACE))).execute();
    try {
      return steps().run();
    } finally {
      core.deleteNamespace(SPACE).execute();
    }
  }

  private Steps steps() {
    return new Steps("java")
        .add("versions and discovery", this::discovers)
        .add("create, read, replace, delete, and what is refused of them", this::writes)
        .add("pages and selectors", this::lists)
        .add("patches of every kind", this::patches)
        .add("server-side apply with conflicts", this::applies)
        .add("watches from a list on", this::watches)
        .add("informers hold what the server has", this::informs)
        .add("leaders are elected", this::elects)
        .add("objects without a class", this::dynamics)
        .add("rollouts and scale", this::rollsOut);
  }

  private static V1ConfigMap settings(String name, Map<String, String> data) {
    return new V1ConfigMap().metadata(new V1ObjectMeta().name(name).putLabelsItem("made", "here")).data(data);
  }

  private static V1Deployment web(String name, int replicas) {
    var labels = Map.of("app", name);
    var pod = new V1PodSpec().terminationGracePeriodSeconds(1L).addContainersItem(new V1Container().name("main").image("i:1"));
    var template = new V1PodTemplateSpec().metadata(new V1ObjectMeta().labels(labels)).spec(pod);
    return new V1Deployment().apiVersion("apps/v1").kind("Deployment").metadata(new V1ObjectMeta().name(name))
        .spec(new V1DeploymentSpec().replicas(replicas).selector(new V1LabelSelector().matchLabels(labels)).template(template));
  }

  private static ApiException refused(int code, String reason, Steps.Step asked) throws Exception {
    try {
      asked.run();
    } catch (ApiException error) {
      Steps.so(code + " " + reason + ": " + error.getResponseBody(), error.getCode() == code && error.getResponseBody().contains("\"reason\":\"" + reason + "\""));
      return error;
    }
    throw new AssertionError("was not refused");
  }

  private void discovers() throws ApiException {
    Steps.same("1", new VersionApi(client).getCode().execute().getMajor());
    Steps.so("apps is a group", new ApisApi(client).getAPIVersions().execute().getGroups().stream().anyMatch(group -> group.getName().equals("apps")));
    Steps.so("deployments are served", apps.getAPIResources().execute().getResources().stream().anyMatch(one -> one.getName().equals("deployments")));
  }

  private void writes() throws Exception {
    var made = core.createNamespacedConfigMap(SPACE, settings("a", Map.of("k", "v")).putBinaryDataItem("b", new byte[] {0, -1})).execute();
    Steps.so("made now", made.getMetadata().getUid() != null && made.getMetadata().getCreationTimestamp() != null);
    refused(409, "AlreadyExists", () -> core.createNamespacedConfigMap(SPACE, settings("a", Map.of())).execute());
    var replaced = core.replaceNamespacedConfigMap("a", SPACE, core.readNamespacedConfigMap("a", SPACE).execute().data(Map.of("k", "w"))).execute();
    Steps.same("w", replaced.getData().get("k"));
    Steps.same(-1, (int) replaced.getBinaryData().get("b")[1]);
    refused(409, "Conflict", () -> core.replaceNamespacedConfigMap("a", SPACE, made).execute());
    refused(422, "Invalid", () -> core.createNamespacedConfigMap(SPACE, settings("Not Valid", Map.of())).execute());
    core.createNamespacedConfigMap(SPACE, settings("tried", Map.of())).dryRun("All").execute();
    refused(404, "NotFound", () -> core.readNamespacedConfigMap("tried", SPACE).execute());
    core.deleteNamespacedConfigMap("a", SPACE).execute();
    refused(404, "NotFound", () -> core.readNamespacedConfigMap("a", SPACE).execute());
  }

  private void lists() throws ApiException {
    for (int i = 0; i < 7; i++) {
      var map = settings("page-" + i, Map.of());
      map.getMetadata().putLabelsItem("page", String.valueOf(i % 2));
      core.createNamespacedConfigMap(SPACE, map).execute();
    }
    var names = new ArrayList<String>();
    String token = null;
    do {
      var page = core.listNamespacedConfigMap(SPACE).labelSelector("page").limit(3)._continue(token).execute();
      page.getItems().forEach(map -> names.add(map.getMetadata().getName()));
      token = page.getMetadata().getContinue();
    } while (token != null && !token.isEmpty());
    Steps.same(List.of("page-0", "page-1", "page-2", "page-3", "page-4", "page-5", "page-6"), names);
    Steps.same(3, core.listNamespacedConfigMap(SPACE).labelSelector("page in (1)").execute().getItems().size());
    Steps.same(1, core.listNamespacedConfigMap(SPACE).fieldSelector("metadata.name=page-2").execute().getItems().size());
    core.deleteCollectionNamespacedConfigMap(SPACE).labelSelector("page").execute();
    Steps.same(0, core.listNamespacedConfigMap(SPACE).labelSelector("page").execute().getItems().size());
  }

  private V1Deployment patched(String format, String patch) throws ApiException {
    return PatchUtils.patch(V1Deployment.class, () -> apps.patchNamespacedDeployment("patched", SPACE, new V1Patch(patch)).buildCall(null), format, client);
  }

  private void patches() throws ApiException {
    apps.createNamespacedDeployment(SPACE, web("patched", 0)).execute();
    var image = "{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"main\",\"image\":\"i:2\"}]}}}}";
    Steps.same("i:2", imageOf(patched(V1Patch.PATCH_FORMAT_STRATEGIC_MERGE_PATCH, image)));
    var steps = "[{\"op\":\"replace\",\"path\":\"/spec/template/spec/containers/0/image\",\"value\":\"i:3\"}]";
    Steps.same("i:3", imageOf(patched(V1Patch.PATCH_FORMAT_JSON_PATCH, steps)));
    var merged = patched(V1Patch.PATCH_FORMAT_JSON_MERGE_PATCH, "{\"metadata\":{\"annotations\":{\"m\":\"n\"}}}");
    Steps.same("n", merged.getMetadata().getAnnotations().get("m"));
  }

  private static String imageOf(V1Deployment found) {
    return found.getSpec().getTemplate().getSpec().getContainers().get(0).getImage();
  }

  private V1ConfigMap applied(String manager, String value, boolean isForced) throws ApiException {
    var text = "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"applied\"},\"data\":{\"k\":\"" + value + "\"}}";
    return PatchUtils.patch(V1ConfigMap.class, () -> core.patchNamespacedConfigMap("applied", SPACE, new V1Patch(text)).fieldManager(manager).force(isForced).buildCall(null), V1Patch.PATCH_FORMAT_APPLY_YAML, client);
  }

  private void applies() throws Exception {
    applied("one", "v", false);
    var error = refused(409, "Conflict", () -> applied("two", "w", false));
    Steps.so("it names the field: " + error.getResponseBody(), error.getResponseBody().contains(".data.k"));
    Steps.same("w", applied("two", "w", true).getData().get("k"));
  }

  private void watches() throws Exception {
    var start = core.listNamespacedConfigMap(SPACE).execute().getMetadata().getResourceVersion();
    var seen = new ArrayList<String>();
    var call = core.listNamespacedConfigMap(SPACE).labelSelector("watched").resourceVersion(start).watch(true).timeoutSeconds(60).buildCall(null);
    try (Watch<V1ConfigMap> watch = Watch.createWatch(client, call, new TypeToken<Watch.Response<V1ConfigMap>>() {}.getType())) {
      var map = settings("w", Map.of());
      map.getMetadata().putLabelsItem("watched", "yes");
      core.createNamespacedConfigMap(SPACE, map).execute();
      core.replaceNamespacedConfigMap("w", SPACE, core.readNamespacedConfigMap("w", SPACE).execute().data(Map.of("k", "v"))).execute();
      core.deleteNamespacedConfigMap("w", SPACE).execute();
      for (var event : watch) {
        seen.add(event.type + " " + event.object.getMetadata().getName());
        if (event.type.equals("DELETED")) break;
      }
    }
    Steps.same(List.of("ADDED w", "MODIFIED w", "DELETED w"), seen);
  }

  private void informs() throws Exception {
    core.createNamespacedConfigMap(SPACE, settings("early", Map.of())).execute();
    var seen = Collections.synchronizedList(new ArrayList<String>());
    var factory = new SharedInformerFactory(client);
    var informer = factory.sharedIndexInformerFor(
        (CallGeneratorParams params) -> core.listNamespacedConfigMap(SPACE).labelSelector("made=here")
            .resourceVersion(params.resourceVersion).timeoutSeconds(params.timeoutSeconds).watch(params.watch).buildCall(null),
        V1ConfigMap.class, V1ConfigMapList.class);
    informer.addEventHandler(new ResourceEventHandler<V1ConfigMap>() {
      @Override
      public void onAdd(V1ConfigMap map) {
        seen.add("added " + map.getMetadata().getName());
      }

      @Override
      public void onUpdate(V1ConfigMap before, V1ConfigMap map) {
        seen.add("changed " + map.getMetadata().getName());
      }

      @Override
      public void onDelete(V1ConfigMap map, boolean isUnknown) {
        seen.add("gone " + map.getMetadata().getName());
      }
    });
    factory.startAllRegisteredInformers();
    try {
      Steps.until("the first list", () -> seen.contains("added early"));
      core.createNamespacedConfigMap(SPACE, settings("late", Map.of())).execute();
      core.replaceNamespacedConfigMap("late", SPACE, settings("late", Map.of("k", "v"))).execute();
      core.deleteNamespacedConfigMap("early", SPACE).execute();
      Steps.until("what is left", () -> seen.contains("gone early") && seen.contains("changed late"));
      Steps.same("v", informer.getIndexer().getByKey(SPACE + "/late").getData().get("k"));
    } finally {
      factory.stopAllRegisteredInformers();
    }
  }

  private void elects() throws Exception {
    var leads = new AtomicBoolean();
    var config = new LeaderElectionConfig(new LeaseLock(SPACE, "leader", "one", client), Duration.ofSeconds(5), Duration.ofSeconds(4), Duration.ofMillis(500));
    try (var elector = new LeaderElector(config)) {
      var thread = new Thread(() -> elector.run(() -> leads.set(true), () -> {}));
      thread.setDaemon(true);
      thread.start();
      Steps.until("a leader", leads::get);
      var leases = new CoordinationV1Api(client);
      var first = leases.readNamespacedLease("leader", SPACE).execute().getSpec();
      Steps.same("one", first.getHolderIdentity());
      Steps.until("a renewal", () -> leases.readNamespacedLease("leader", SPACE).execute().getSpec().getRenewTime().isAfter(first.getRenewTime()));
    }
  }

  private void dynamics() throws Exception {
    var secrets = new DynamicKubernetesApi("", "v1", "secrets", client);
    var secret = new DynamicKubernetesObject();
    secret.setApiVersion("v1");
    secret.setKind("Secret");
    secret.setMetadata(new V1ObjectMeta().name("s").namespace(SPACE));
    secrets.create(secret).throwsApiException();
    Steps.same("Opaque", secrets.get(SPACE, "s").throwsApiException().getObject().getRaw().get("type").getAsString());
    secrets.delete(SPACE, "s").throwsApiException();
    Steps.same(404, secrets.get(SPACE, "s").getHttpStatusCode());
  }

  private void rollsOut() throws Exception {
    apps.createNamespacedDeployment(SPACE, web("rolled", 1)).execute();
    var scale = apps.readNamespacedDeploymentScale("rolled", SPACE).execute();
    scale.getSpec().setReplicas(3);
    // Its controller may write in between.
    scale.getMetadata().setResourceVersion(null);
    apps.replaceNamespacedDeploymentScale("rolled", SPACE, scale).execute();
    Steps.until("three pods", () -> Integer.valueOf(3).equals(apps.readNamespacedDeployment("rolled", SPACE).execute().getStatus().getReadyReplicas()));
    apps.deleteNamespacedDeployment("rolled", SPACE).propagationPolicy("Foreground").execute();
    Steps.until("the end of its pods", () -> core.listNamespacedPod(SPACE).labelSelector("app=rolled").execute().getItems().isEmpty());
  }

  /** In a running cluster, of a pod with a shell. */
  private Steps streams(String named) {
    return new Steps("java").add("exec with its streams and exit code", () -> {
      var command = new String[] {"sh", "-c", "echo out; echo err >&2; read line; echo got $line; exit 3"};
      var process = new Exec(client).exec("default", named.split("/")[0], command, named.split("/")[1], true, false);
      // There are none any more once it has ended.
      var out = process.getInputStream();
      var err = process.getErrorStream();
      process.getOutputStream().write("hello\n".getBytes());
      process.getOutputStream().flush();
      Steps.same(3, process.waitFor());
      Steps.same("out\ngot hello\n", new String(out.readAllBytes()));
      Steps.same("err\n", new String(err.readAllBytes()));
    });
  }
}
