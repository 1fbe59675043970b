import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinitionBuilder;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaPropsBuilder;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import io.fabric8.kubernetes.api.model.authorization.v1.SelfSubjectAccessReviewBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderCallbacks;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderElectionConfigBuilder;
import io.fabric8.kubernetes.client.extended.leaderelection.resourcelock.LeaseLock;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/** What programs do with fabric8's client: Fabric8 KUBECONFIG [POD/CONTAINER]. */
final class Fabric8 {
  private static final String SPACE = "fabric8-" + UUID.randomUUID().toString().substring(0, 8);
  private final KubernetesClient client;

  private Fabric8(KubernetesClient client) {
    this.client = client;
  }

  public static void main(String[] args) {
    var config = Config.fromKubeconfig(new File(args[0]));
    try (var client = new KubernetesClientBuilder().withConfig(config).build()) {
      var walk = new Fabric8(client);
      var failed = args.length > 1 ? walk.streams(args[1]).run() : walk.inOwnNamespace();
      System.exit(failed > 0 ? 1 : 0);
    }
  }

  private int inOwnNamespace() {
    client.namespaces().resource(new NamespaceBuilder().withNewMetadata().withName(SPACE).endMetadata().build()).create();
    try {
      return steps().run();
    } finally {
      client.namespaces().withName(SPACE).delete();
    }
  }

  private Steps steps() {
    return new Steps("fabric8")
        .add("versions and discovery", this::discovers)
        .add("create, read, replace, delete, and what is refused of them", this::writes)
        .add("pages and selectors", this::lists)
        .add("patches of every kind", this::patches)
        .add("server-side apply with conflicts", this::applies)
        .add("watches from a list on", this::watches)
        .add("informers hold what the server has", this::informs)
        .add("leaders are elected", this::elects)
        .add("custom resources without a class", this::customResources)
        .add("rollouts, scale and waiting", this::rollsOut)
        .add("pods and evictions", this::evicts)
        .add("reviews", this::reviews);
  }

  private static ConfigMap settings(String name, Map<String, String> data) {
    return new ConfigMapBuilder().withNewMetadata().withName(name).addToLabels("made", "here").endMetadata().withData(data).build();
  }

  private static Deployment web(String name, int replicas) {
    var labels = Map.of("app", name);
    return new DeploymentBuilder()
        .withNewMetadata().withName(name).endMetadata()
        .withNewSpec()
        .withReplicas(replicas)
        .withNewSelector().withMatchLabels(labels).endSelector()
        .withNewTemplate()
        .withNewMetadata().withLabels(labels).endMetadata()
        .withNewSpec()
        .withTerminationGracePeriodSeconds(1L)
        .addNewContainer().withName("main").withImage("i:1").endContainer()
        .endSpec()
        .endTemplate()
        .endSpec()
        .build();
  }

  private static KubernetesClientException refused(int code, String reason, Steps.Step asked) throws Exception {
    try {
      asked.run();
    } catch (KubernetesClientException error) {
      Steps.same(code + " " + reason, error.getCode() + " " + error.getStatus().getReason());
      return error;
    }
    throw new AssertionError("was not refused");
  }

  private void discovers() {
    Steps.same("1", client.getKubernetesVersion().getMajor());
    Steps.so("apps is a group", client.getApiGroups().getGroups().stream().anyMatch(group -> group.getName().equals("apps")));
    Steps.so("deployments are served", client.getApiResources("apps/v1").getResources().stream().anyMatch(one -> one.getName().equals("deployments")));
    Steps.so("supports", client.supports(Deployment.class) && client.hasApiGroup("batch", true));
  }

  private void writes() throws Exception {
    var maps = client.configMaps().inNamespace(SPACE);
    var made = maps.resource(settings("a", Map.of("k", "v"))).create();
    Steps.so("it has a uid", made.getMetadata().getUid() != null);
    refused(409, "AlreadyExists", () -> maps.resource(settings("a", Map.of())).create());
    var next = maps.withName("a").edit(map -> new ConfigMapBuilder(map).addToData("k", "w").build());
    Steps.same("w", next.getData().get("k"));
    refused(409, "Conflict", () -> maps.resource(made).lockResourceVersion().update());
    refused(422, "Invalid", () -> maps.resource(settings("Not Valid", Map.of())).create());
    Steps.same("x", maps.resource(settings("tried", Map.of("k", "x"))).dryRun().create().getData().get("k"));
    Steps.same(null, maps.withName("tried").get());
    maps.withName("a").delete();
    Steps.same(null, maps.withName("a").get());
  }

  private void lists() {
    var maps = client.configMaps().inNamespace(SPACE);
    for (int i = 0; i < 7; i++) {
      var map = new ConfigMapBuilder(settings("page-" + i, Map.of())).editMetadata().addToLabels("page", String.valueOf(i % 2)).endMetadata().build();
      maps.resource(map).create();
    }
    var names = new ArrayList<String>();
    String token = null;
    do {
      var options = new io.fabric8.kubernetes.api.model.ListOptionsBuilder().withLimit(3L).withLabelSelector("page").withContinue(token).build();
      var page = maps.list(options);
      page.getItems().forEach(map -> names.add(map.getMetadata().getName()));
      token = page.getMetadata().getContinue();
    } while (token != null && !token.isEmpty());
    Steps.same(List.of("page-0", "page-1", "page-2", "page-3", "page-4", "page-5", "page-6"), names);
    Steps.same(3, maps.withLabelIn("page", "1").list().getItems().size());
    Steps.same(1, maps.withField("metadata.name", "page-2").list().getItems().size());
    maps.withLabel("page").delete();
    Steps.same(0, maps.withLabel("page").list().getItems().size());
  }

  private void patches() {
    var deployments = client.apps().deployments().inNamespace(SPACE);
    deployments.resource(web("patched", 0)).create();
    var patched = deployments.withName("patched");
    var image = "{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"main\",\"image\":\"i:2\"}]}}}}";
    Steps.same("i:2", imageOf(patched.patch(PatchContext.of(PatchType.STRATEGIC_MERGE), image)));
    var steps = "[{\"op\":\"replace\",\"path\":\"/spec/template/spec/containers/0/image\",\"value\":\"i:3\"}]";
    Steps.same("i:3", imageOf(patched.patch(PatchContext.of(PatchType.JSON), steps)));
    var merged = patched.patch(PatchContext.of(PatchType.JSON_MERGE), "{\"metadata\":{\"annotations\":{\"m\":\"n\"}}}");
    Steps.same("n", merged.getMetadata().getAnnotations().get("m"));
  }

  private static String imageOf(Deployment found) {
    return found.getSpec().getTemplate().getSpec().getContainers().get(0).getImage();
  }

  private void applies() throws Exception {
    var maps = client.configMaps().inNamespace(SPACE);
    maps.resource(settings("applied", Map.of("k", "v"))).fieldManager("one").serverSideApply();
    var error = refused(409, "Conflict", () -> maps.resource(settings("applied", Map.of("k", "w"))).fieldManager("two").serverSideApply());
    Steps.so("it names the field: " + error.getMessage(), error.getMessage().contains(".data.k"));
    var forced = maps.resource(settings("applied", Map.of("k", "w"))).fieldManager("two").forceConflicts().serverSideApply();
    Steps.same("w", forced.getData().get("k"));
  }

  private void watches() throws Exception {
    var maps = client.configMaps().inNamespace(SPACE);
    var seen = Collections.synchronizedList(new ArrayList<String>());
    var watcher = new Watcher<ConfigMap>() {
      @Override
      public void eventReceived(Action action, ConfigMap map) {
        seen.add(action + " " + map.getMetadata().getName());
      }

      @Override
      public void onClose(WatcherException cause) {
        if (cause != null) seen.add(cause.toString());
      }
    };
    var start = maps.list().getMetadata().getResourceVersion();
    try (var watch = maps.withLabel("watched").withResourceVersion(start).watch(watcher)) {
      var map = new ConfigMapBuilder(settings("w", Map.of())).editMetadata().addToLabels("watched", "yes").endMetadata().build();
      maps.resource(map).create();
      maps.withName("w").edit(found -> new ConfigMapBuilder(found).addToData("k", "v").build());
      maps.withName("w").delete();
      Steps.until("three events", () -> seen.size() >= 3);
    }
    Steps.same(List.of("ADDED w", "MODIFIED w", "DELETED w"), seen);
  }

  private void informs() throws Exception {
    var maps = client.configMaps().inNamespace(SPACE);
    maps.resource(settings("early", Map.of())).create();
    var seen = Collections.synchronizedList(new ArrayList<String>());
    var handler = new ResourceEventHandler<ConfigMap>() {
      @Override
      public void onAdd(ConfigMap map) {
        seen.add("added " + map.getMetadata().getName());
      }

      @Override
      public void onUpdate(ConfigMap before, ConfigMap map) {
        if (!before.getMetadata().getResourceVersion().equals(map.getMetadata().getResourceVersion())) seen.add("changed " + map.getMetadata().getName());
      }

      @Override
      public void onDelete(ConfigMap map, boolean isUnknown) {
        seen.add("gone " + map.getMetadata().getName());
      }
    };
    try (var informer = maps.withLabel("made", "here").inform(handler)) {
      Steps.until("the first list", () -> seen.contains("added early"));
      maps.resource(settings("late", Map.of())).create();
      maps.withName("late").edit(found -> new ConfigMapBuilder(found).addToData("k", "v").build());
      maps.withName("early").delete();
      Steps.until("what is left", () -> seen.contains("gone early") && seen.contains("changed late"));
      Steps.same("v", informer.getStore().getByKey(SPACE + "/late").getData().get("k"));
    }
  }

  private void elects() throws Exception {
    var leads = new AtomicBoolean();
    var ended = new AtomicBoolean();
    var config = new LeaderElectionConfigBuilder()
        .withName("walk").withLock(new LeaseLock(SPACE, "leader", "one"))
        .withLeaseDuration(Duration.ofSeconds(5)).withRenewDeadline(Duration.ofSeconds(4)).withRetryPeriod(Duration.ofMillis(500))
        .withReleaseOnCancel(true)
        .withLeaderCallbacks(new LeaderCallbacks(() -> leads.set(true), () -> ended.set(true), name -> {}))
        .build();
    var election = client.leaderElector().withConfig(config).build().start();
    Steps.until("a leader", leads::get);
    Steps.same("one", client.leases().inNamespace(SPACE).withName("leader").get().getSpec().getHolderIdentity());
    election.cancel(true);
    Steps.until("the lease is let go", () -> ended.get() && "".equals(client.leases().inNamespace(SPACE).withName("leader").get().getSpec().getHolderIdentity()));
  }

  private void customResources() throws Exception {
    var group = SPACE + ".example.com";
    var anything = new JSONSchemaPropsBuilder().withType("object").withXKubernetesPreserveUnknownFields(true).build();
    var size = new JSONSchemaPropsBuilder().withType("object").addToProperties("size", new JSONSchemaPropsBuilder().withType("integer").withDefault(new com.fasterxml.jackson.databind.node.IntNode(3)).build()).build();
    var definition = client.apiextensions().v1().customResourceDefinitions().resource(new CustomResourceDefinitionBuilder()
        .withNewMetadata().withName("widgets." + group).endMetadata()
        .withNewSpec().withGroup(group).withScope("Namespaced")
        .withNewNames().withPlural("widgets").withSingular("widget").withKind("Widget").endNames()
        .addNewVersion().withName("v1").withServed(true).withStorage(true)
        .withNewSubresources().withNewStatus().endStatus().endSubresources()
        .withNewSchema().withOpenAPIV3Schema(new JSONSchemaPropsBuilder().withType("object").addToProperties("spec", size).addToProperties("status", anything).build()).endSchema()
        .endVersion().endSpec().build());
    definition.create();
    try {
      var kind = new ResourceDefinitionContext.Builder().withGroup(group).withVersion("v1").withKind("Widget").withPlural("widgets").withNamespaced(true).build();
      var widgets = client.genericKubernetesResources(kind).inNamespace(SPACE);
      Steps.until("the kind", () -> client.getApiResources(group + "/v1") != null);
      var widget = new GenericKubernetesResource();
      widget.setApiVersion(group + "/v1");
      widget.setKind("Widget");
      widget.setMetadata(new io.fabric8.kubernetes.api.model.ObjectMetaBuilder().withName("w").build());
      widget.setAdditionalProperty("spec", Map.of());
      Steps.same("3", String.valueOf((Object) widgets.resource(widget).create().get("spec", "size")));
      var ready = widgets.withName("w").editStatus(found -> {
        found.setAdditionalProperty("status", Map.of("ready", true));
        return found;
      });
      Steps.same("true", String.valueOf((Object) ready.get("status", "ready")));
    } finally {
      definition.delete();
    }
  }

  private void rollsOut() throws Exception {
    var deployments = client.apps().deployments().inNamespace(SPACE);
    deployments.resource(web("rolled", 2)).create();
    deployments.withName("rolled").waitUntilReady(60, TimeUnit.SECONDS);
    deployments.withName("rolled").scale(3);
    Steps.until("three pods", () -> Integer.valueOf(3).equals(deployments.withName("rolled").get().getStatus().getReadyReplicas()));
    deployments.withName("rolled").rolling().restart();
    Steps.until("a second revision", () -> client.apps().replicaSets().inNamespace(SPACE).withLabel("app", "rolled").list().getItems().size() == 2);
    deployments.withName("rolled").withPropagationPolicy(io.fabric8.kubernetes.api.model.DeletionPropagation.FOREGROUND).delete();
    Steps.until("the end of its pods", () -> client.pods().inNamespace(SPACE).withLabel("app", "rolled").list().getItems().isEmpty());
  }

  private void evicts() throws Exception {
    var pods = client.pods().inNamespace(SPACE);
    Pod pod = new PodBuilder().withNewMetadata().withName("p").endMetadata().withNewSpec().withTerminationGracePeriodSeconds(1L).addNewContainer().withName("main").withImage("i").endContainer().endSpec().build();
    pods.resource(pod).create();
    pods.withName("p").waitUntilCondition(found -> found != null && "Running".equals(found.getStatus().getPhase()), 60, TimeUnit.SECONDS);
    Steps.so("evicted", pods.withName("p").evict());
    pods.withName("p").waitUntilCondition(found -> found == null, 60, TimeUnit.SECONDS);
  }

  private void reviews() {
    var review = new SelfSubjectAccessReviewBuilder().withNewSpec().withNewResourceAttributes().withVerb("create").withResource("pods").withNamespace(SPACE).endResourceAttributes().endSpec().build();
    Steps.so("allowed", client.authorization().v1().selfSubjectAccessReview().create(review).getStatus().getAllowed());
  }

  /** In a running cluster, of a pod with a shell. */
  private Steps streams(String named) {
    var pod = client.pods().inNamespace("default").withName(named.split("/")[0]).inContainer(named.split("/")[1]);
    return new Steps("fabric8").add("exec with its streams and exit code", () -> {
      var out = new ByteArrayOutputStream();
      var err = new ByteArrayOutputStream();
      try (var exec = pod.readingInput(new ByteArrayInputStream("hello\n".getBytes())).writingOutput(out).writingError(err)
          .exec("sh", "-c", "echo out; echo err >&2; read line; echo got $line; exit 3")) {
        Steps.same(3, exec.exitCode().get(30, TimeUnit.SECONDS));
      }
      Steps.same("out\ngot hello\n", out.toString());
      Steps.same("err\n", err.toString());
    }).add("files to a container and back", () -> {
      Steps.so("uploaded", pod.file("/tmp/fabric8").upload(new ByteArrayInputStream("content".getBytes())));
      try (var read = pod.file("/tmp/fabric8").read()) {
        Steps.same("content", new String(read.readAllBytes()));
      }
    });
  }
}
