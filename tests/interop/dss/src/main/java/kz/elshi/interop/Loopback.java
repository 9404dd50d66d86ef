package kz.elshi.interop;

import eu.europa.esig.dss.model.DSSException;
import eu.europa.esig.dss.spi.client.http.DataLoader;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** The sandbox's trust services, whatever address they are asked under: nothing but loopback is ever reached. */
final class Loopback implements DataLoader {
    private static final long serialVersionUID = 1L;

    private final String base;
    private final transient HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    Loopback(String base) {
        this.base = base;
    }

    @Override
    public byte[] get(String url) {
        return answer(request(url).GET().build());
    }

    @Override
    public DataAndUrl get(List<String> urls) {
        return new DataAndUrl(urls.get(0), get(urls.get(0)));
    }

    @Override
    public byte[] post(String url, byte[] content) {
        return answer(request(url).POST(HttpRequest.BodyPublishers.ofByteArray(content)).build());
    }

    @Override
    public void setContentType(String contentType) {
        // the services look at the path alone
    }

    private HttpRequest.Builder request(String url) {
        return HttpRequest.newBuilder(URI.create(base + "/" + URLEncoder.encode(url, StandardCharsets.UTF_8)));
    }

    private HttpResponse<byte[]> send(HttpRequest request) throws IOException, InterruptedException {
        try {
            return client.send(request, HttpResponse.BodyHandlers.ofByteArray());
        } catch (IOException closed) { // the small server closes a connection after each answer, sometimes as we write
            return client.send(request, HttpResponse.BodyHandlers.ofByteArray());
        }
    }

    private byte[] answer(HttpRequest request) {
        try {
            HttpResponse<byte[]> response = send(request);
            if (response.statusCode() != 200) {
                throw new DSSException(request.uri() + " answered " + response.statusCode());
            }
            return response.body();
        } catch (IOException failure) {
            throw new DSSException(failure.toString(), failure);
        } catch (InterruptedException failure) {
            Thread.currentThread().interrupt();
            throw new DSSException(failure.toString(), failure);
        }
    }
}
