// Seals and opens with Nimbus JOSE+JWT on the JVM, and measures it: see ../src/foreign.rs for what comes in on
// standard input and goes out on standard output. nimbus_peer.sh starts it.

import com.nimbusds.jose.EncryptionMethod;
import com.nimbusds.jose.JWEAlgorithm;
import com.nimbusds.jose.JWEDecrypter;
import com.nimbusds.jose.JWEEncrypter;
import com.nimbusds.jose.JWEHeader;
import com.nimbusds.jose.JWEObject;
import com.nimbusds.jose.Payload;
import com.nimbusds.jose.crypto.DirectDecrypter;
import com.nimbusds.jose.crypto.DirectEncrypter;
import com.nimbusds.jose.crypto.ECDHDecrypter;
import com.nimbusds.jose.crypto.ECDHEncrypter;
import com.nimbusds.jose.crypto.RSADecrypter;
import com.nimbusds.jose.crypto.RSAEncrypter;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.util.Base64URL;
import com.nimbusds.jose.util.JSONObjectUtils;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

class NimbusPeer {
    /** What is done over and over. */
    interface Work {
        void run() throws Exception;
    }

    /** Made once for each algorithm. */
    record Keys(JWEHeader header, JWEEncrypter encrypter, JWEDecrypter decrypter) {
        String seal(byte[] plaintext) throws Exception {
            JWEObject jwe = new JWEObject(header, new Payload(plaintext));
            jwe.encrypt(encrypter);
            return jwe.serialize();
        }

        byte[] open(String sealed) throws Exception {
            JWEObject jwe = JWEObject.parse(sealed);
            jwe.decrypt(decrypter);
            return jwe.getPayload().toBytes();
        }
    }

    public static void main(String[] args) throws Exception {
        Map<String, Object> task =
                JSONObjectUtils.parse(new String(System.in.readAllBytes(), StandardCharsets.UTF_8));
        byte[] secret = new Base64URL((String) task.get("secret")).decode();
        RSAKey rsa = RSAKey.parse(object(task.get("rsa")));
        ECKey p256 = ECKey.parse(object(task.get("p256")));
        Map<String, Keys> keys = Map.of(
                "dir", keys(JWEAlgorithm.DIR, new DirectEncrypter(secret), new DirectDecrypter(secret)),
                "RSA-OAEP-256", keys(JWEAlgorithm.RSA_OAEP_256, new RSAEncrypter(rsa), new RSADecrypter(rsa)),
                "ECDH-ES", keys(JWEAlgorithm.ECDH_ES, new ECDHEncrypter(p256), new ECDHDecrypter(p256)));

        byte[] plaintext = ((String) task.get("plaintext")).getBytes(StandardCharsets.UTF_8);
        List<Object> messages = new ArrayList<>();
        for (Object entry : (List<?>) task.get("messages")) {
            String alg = (String) object(entry).get("alg");
            byte[] opened = keys.get(alg).open((String) object(entry).get("sealed"));
            if (!Arrays.equals(opened, plaintext)) throw new Exception(alg + ": opened something else");
            messages.add(Map.of("alg", alg, "sealed", keys.get(alg).seal(plaintext)));
        }

        List<Object> medians = new ArrayList<>();
        if (task.get("effort") != null) {
            for (Object entry : (List<?>) task.get("jobs")) medians.add(measured(object(entry), keys, object(task.get("effort"))));
        }
        String version = JWEObject.class.getPackage().getImplementationVersion();
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("version", (version == null ? "of an unknown version" : version) + " on Java " + Runtime.version().feature());
        answer.put("messages", messages);
        answer.put("medians", medians);
        System.out.println(JSONObjectUtils.toJSONString(answer));
    }

    static Keys keys(JWEAlgorithm alg, JWEEncrypter encrypter, JWEDecrypter decrypter) {
        return new Keys(new JWEHeader(alg, EncryptionMethod.A256GCM), encrypter, decrypter);
    }

    @SuppressWarnings("unchecked")
    static Map<String, Object> object(Object value) {
        return (Map<String, Object>) value;
    }

    static double number(Map<String, Object> object, String name) {
        return ((Number) object.get(name)).doubleValue();
    }

    static Map<String, Object> measured(Map<String, Object> job, Map<String, Keys> all, Map<String, Object> effort)
            throws Exception {
        Keys keys = all.get((String) job.get("alg"));
        String op = (String) job.get("op");
        byte[] plaintext = new byte[(int) number(job, "bytes")];
        Arrays.fill(plaintext, (byte) 0x5a);
        String sealed = keys.seal(plaintext);
        Work work = op.startsWith("seal") ? () -> keys.seal(plaintext) : () -> keys.open(sealed);
        return Map.of("op", op, "bytes", plaintext.length, "ns", median(work, effort));
    }

    static double nanoseconds(Work work, long times) throws Exception {
        long start = System.nanoTime();
        for (long i = 0; i < times; i++) work.run();
        return System.nanoTime() - start;
    }

    static double median(Work work, Map<String, Object> effort) throws Exception {
        double sample = number(effort, "sample_ms") * 1e6;
        // Long enough for the compiler to have seen the loop before anything counts.
        for (double warm = 0; warm < sample * 1000; ) warm += nanoseconds(work, 1);
        long times = 1;
        double took;
        while ((took = nanoseconds(work, times)) < sample / 4) times *= 2;
        times = Math.max(1, Math.round(times * sample / took));
        List<Double> samples = new ArrayList<>();
        double end = System.nanoTime() + number(effort, "at_most_ms") * 1e6;
        while (samples.size() < number(effort, "least_rounds")
                || (samples.size() < number(effort, "rounds") && System.nanoTime() < end)) {
            samples.add(nanoseconds(work, times) / times);
        }
        samples.sort(null);
        return samples.get(samples.size() / 2);
    }
}
