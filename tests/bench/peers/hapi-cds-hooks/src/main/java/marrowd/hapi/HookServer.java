package marrowd.hapi;

import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.springframework.web.context.support.AnnotationConfigWebApplicationContext;
import org.springframework.web.servlet.DispatcherServlet;

/** Serves HAPI's own controller of CDS Hooks on a free loopback port, which it prints. */
public final class HookServer {
    private HookServer() {}

    public static void main(String[] arguments) throws Exception {
        System.setProperty("marrowd.cards", arguments[0]);
        AnnotationConfigWebApplicationContext spring = new AnnotationConfigWebApplicationContext();
        spring.register(HookConfig.class);

        Server server = new Server();
        ServerConnector connector = new ServerConnector(server);
        connector.setHost("127.0.0.1");
        server.addConnector(connector);
        ServletContextHandler root = new ServletContextHandler("/");
        ServletHolder dispatcher = new ServletHolder(new DispatcherServlet(spring));
        dispatcher.setInitOrder(1); // at start, not at the first request
        root.addServlet(dispatcher, "/");
        server.setHandler(root);
        server.start();
        System.out.println(connector.getLocalPort());
        server.join();
    }
}
