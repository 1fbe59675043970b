import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;

/** Named steps, each told of with a line: ok or FAIL. */
final class Steps {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @FunctionalInterface
  interface Step {
    void run() throws Exception;
  }

  private final String client;
  private final Map<String, Step> steps = new LinkedHashMap<>();

  Steps(String client) {
    this.client = client;
  }

  Steps add(String name, Step step) {
    steps.put(name, step);
    return this;
  }

  /** How many failed. */
  int run() {
    int failed = 0;
    for (var step : steps.entrySet()) {
      try {
        step.getValue().run();
        System.out.println("ok   " + client + ": " + step.getKey());
      } catch (Exception | AssertionError error) {
        failed += 1;
        System.out.println("FAIL " + client + ": " + step.getKey() + ": " + error);
        error.printStackTrace();
      }
    }
    return failed;
  }

  static void same(Object expected, Object found) {
    if (!java.util.Objects.equals(expected, found)) throw new AssertionError(found + " instead of " + expected);
  }

  static void so(String what, boolean isSo) {
    if (!isSo) throw new AssertionError("not so: " + what);
  }

  static void until(String what, Callable<Boolean> isSo) throws Exception {
    for (Instant end = Instant.now().plus(PATIENCE); !isSo.call(); Thread.sleep(100))
      if (Instant.now().isAfter(end)) throw new AssertionError("never: " + what);
  }
}
