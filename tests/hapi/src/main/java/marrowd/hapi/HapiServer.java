package marrowd.hapi;

import ca.uhn.fhir.rest.server.RestfulServer;
import ca.uhn.fhir.util.VersionUtil;
import java.io.IOException;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;

/**
 * A throw-away FHIR R4 server: {@code java -jar hapi-server.jar PORT}, where 0 takes a free port.
 *
 * <p>It listens on loopback only, serves {@code /fhir} and {@code /deliveries}, and prints one line
 * {@code READY URL VERSION} to standard output once it answers. With {@code -Dsandbox.tied=true} it
 * ends when its standard input is closed, so that it never outlives a test run that was killed.
 */
public final class HapiServer {

    private HapiServer() {}

    public static void main(String[] args) throws Exception {
        int port = Integer.parseInt(args[0]);
        if (Boolean.getBoolean("sandbox.tied")) {
            endWithStandardInput();
        }

        var spring = new AnnotationConfigApplicationContext(HapiConfig.class);
        spring.registerShutdownHook();

        var jetty = new Server();
        var connector = new ServerConnector(jetty);
        connector.setHost("127.0.0.1");
        connector.setPort(port);
        jetty.addConnector(connector);

        var handler = new ServletContextHandler("/");
        var fhir = new ServletHolder("fhir", spring.getBean(RestfulServer.class));
        fhir.setInitOrder(0);
        handler.addServlet(fhir, "/fhir/*");
        handler.addServlet(
                new ServletHolder("deliveries", spring.getBean(Deliveries.class)), "/deliveries");
        jetty.setHandler(handler);
        jetty.setStopAtShutdown(true);
        jetty.start();

        System.out.printf(
                "READY http://127.0.0.1:%d/fhir %s%n",
                connector.getLocalPort(), VersionUtil.getVersion());
        jetty.join();
    }

    private static void endWithStandardInput() {
        var watch =
                new Thread(
                        () -> {
                            try {
                                while (System.in.read() >= 0) {
                                    continue;
                                }
                            } catch (IOException closed) {
                                // closed is what is waited for
                            }
                            System.exit(0);
                        },
                        "standard-input");
        watch.setDaemon(true);
        watch.start();
    }
}
