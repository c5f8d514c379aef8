import java.net.URI;
import javax.net.ssl.HttpsURLConnection;

/** Connects to the URL that is its argument, with Java's default trust. */
public class Ask {
    public static void main(String[] arguments) throws Exception {
        HttpsURLConnection connection = (HttpsURLConnection) URI.create(arguments[0]).toURL().openConnection();
        connection.setConnectTimeout(9000);
        connection.setReadTimeout(9000);
        connection.connect();
    }
}
