// Writes what the Java client puts on the wire, for tests/vectors.rs and the record layer's tests:
//   messages.txt         KIND KEY FIRST-LAST HEX: every API in every version, filled and empty
//   frames.txt           KIND KEY VERSION CORRELATION CLIENT HEX: headers with a body
//   consumer_protocol.txt  KIND VERSION HEX
//   errors.txt           CODE NAME CLASS: CLASS is permanent, retriable or metadata
//   records/batches.txt   record batches of each codec, and what is in them
//   partitions/java.txt   where the partitioners put keys and records without one
// Run through record.sh. It talks to nobody.

import java.io.IOException;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Set;

import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Assignment;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Subscription;
import org.apache.kafka.clients.consumer.internals.ConsumerProtocol;
import org.apache.kafka.clients.producer.RoundRobinPartitioner;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;
import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.errors.InvalidMetadataException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.message.ApiMessageType;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.message.ResponseHeaderData;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.protocol.types.BoundField;
import org.apache.kafka.common.protocol.types.Field;
import org.apache.kafka.common.protocol.types.Schema;
import org.apache.kafka.common.protocol.types.TaggedFields;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.apache.kafka.common.requests.RequestUtils;

public class Recorder {
    static final long TIME = 1_700_000_000_000L;
    static int counter;

    public static void main(String[] args) throws Exception {
        Path folder = Path.of(args[1]);
        List<String> facts = Files.readAllLines(Path.of(args[0]));
        write(folder.resolve("messages.txt"), messages(facts));
        write(folder.resolve("frames.txt"), frames());
        write(folder.resolve("consumer_protocol.txt"), consumerProtocol());
        write(folder.resolve("errors.txt"), errors());
        write(folder.resolve("records").resolve("batches.txt"), batches());
        write(folder.resolve("partitions").resolve("java.txt"), partitions());
    }

    static void write(Path path, List<String> lines) throws IOException {
        Files.write(path, lines, StandardCharsets.UTF_8);
        System.out.println(path.normalize() + ": " + lines.size() + " lines");
    }

    // Messages.

    static List<String> messages(List<String> facts) throws Exception {
        List<String> lines = new ArrayList<>();
        for (String line : facts) {
            if (!line.startsWith("request ") && !line.startsWith("response ")) {
                continue;
            }
            String[] words = line.split(" ");
            boolean request = words[0].equals("request");
            short key = Short.parseShort(words[1]);
            ApiMessageType api = ApiMessageType.fromApiKey(key);
            for (boolean filled : new boolean[] {true, false}) {
                short first = Short.parseShort(words[3]);
                String before = null;
                for (short version = first; version <= Short.parseShort(words[4]); version++) {
                    Message message = request ? api.newRequest() : api.newResponse();
                    Schema[] schemas = request ? api.requestSchemas() : api.responseSchemas();
                    Schema schema = schemas[version];
                    counter = 0;
                    if (filled) {
                        fill(message, schema, false);
                    } else {
                        nullify(message, schema);
                    }
                    String hex = hex(serialize(message, version));
                    if (before != null && !hex.equals(before)) {
                        lines.add(head(words[0], key, first, version - 1) + before);
                        first = version;
                    }
                    before = hex;
                }
                lines.add(head(words[0], key, first, Integer.parseInt(words[4])) + before);
            }
        }
        return lines;
    }

    static String head(String kind, int key, int first, int last) {
        return kind + " " + key + " " + first + "-" + last + " ";
    }

    static ByteBuffer serialize(Message message, short version) {
        ObjectSerializationCache cache = new ObjectSerializationCache();
        ByteBuffer buffer = ByteBuffer.allocate(message.size(cache, version));
        message.write(new ByteBufferAccessor(buffer), cache, version);
        buffer.flip();
        return buffer;
    }

    static List<Field> fields(Schema schema) {
        List<Field> fields = new ArrayList<>();
        for (BoundField bound : schema.fields()) {
            if (bound.def.type instanceof TaggedFields) {
                fields.addAll(((TaggedFields) bound.def.type).fields().values());
            } else {
                fields.add(bound.def);
            }
        }
        return fields;
    }

    static Method setter(Class<?> owner, String name) {
        String wanted = "set" + name.replace("_", "");
        for (Method method : owner.getMethods()) {
            if (method.getParameterCount() == 1
                    && method.getName().toLowerCase(Locale.ROOT).equals(wanted)) {
                return method;
            }
        }
        throw new IllegalStateException(owner + " has no setter of " + name);
    }

    /** Sets every field to a value of its own; with nulls, what may be null is. */
    static void fill(Object message, Schema schema, boolean nulls) throws Exception {
        for (Field field : fields(schema)) {
            Method setter = setter(message.getClass(), field.name);
            Class<?> type = setter.getParameterTypes()[0];
            boolean struct = Message.class.isAssignableFrom(type);
            if (nulls && field.type.isNullable() && !type.isPrimitive()) {
                setter.invoke(message, (Object) null);
            } else if (Collection.class.isAssignableFrom(type)) {
                setter.invoke(message, collection(setter, type, field));
            } else if (struct) {
                Object inner = type.getConstructor().newInstance();
                fill(inner, (Schema) field.type, nulls);
                setter.invoke(message, inner);
            } else {
                setter.invoke(message, value(type));
            }
        }
    }

    /** Everything at its default, except that what may be null is. */
    static void nullify(Object message, Schema schema) throws Exception {
        for (Field field : fields(schema)) {
            Method setter = setter(message.getClass(), field.name);
            Class<?> type = setter.getParameterTypes()[0];
            if (field.type.isNullable() && !type.isPrimitive()) {
                setter.invoke(message, (Object) null);
            }
        }
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    static Object collection(Method setter, Class<?> type, Field field) throws Exception {
        Type generic = type == List.class
                ? setter.getGenericParameterTypes()[0]
                : type.getGenericSuperclass();
        Class<?> element = (Class<?>) ((ParameterizedType) generic).getActualTypeArguments()[0];
        Collection collection = type == List.class
                ? new ArrayList<>()
                : (Collection) type.getConstructor().newInstance();
        for (boolean nulls : new boolean[] {false, true}) {
            if (Message.class.isAssignableFrom(element)) {
                Object inner = element.getConstructor().newInstance();
                fill(inner, (Schema) field.type.arrayElementType().get(), nulls);
                collection.add(inner);
            } else {
                collection.add(value(element));
            }
        }
        return collection;
    }

    static Object value(Class<?> type) {
        int n = ++counter;
        if (type == boolean.class) {
            return true;
        } else if (type == byte.class || type == Byte.class) {
            return (byte) n;
        } else if (type == short.class || type == Short.class) {
            return (short) (256 + n);
        } else if (type == int.class || type == Integer.class) {
            // Fits uint16 too.
            return 40_000 + n;
        } else if (type == long.class || type == Long.class) {
            return (1L << 40) + n;
        } else if (type == double.class) {
            return n + 0.5;
        } else if (type == String.class) {
            return "\u00e5" + n;
        } else if (type == Uuid.class) {
            return new Uuid(1L << 60, n);
        } else if (type == byte[].class) {
            return new byte[] {(byte) n, 0, -1};
        } else if (type == ByteBuffer.class) {
            return ByteBuffer.wrap(new byte[] {(byte) n, 0, -1});
        } else {
            return MemoryRecords.withRecords(Compression.NONE, new SimpleRecord(n, "v".getBytes()));
        }
    }

    // Frames.

    static List<String> frames() throws Exception {
        List<String> lines = new ArrayList<>();
        for (ApiMessageType api : new ApiMessageType[] {
            ApiMessageType.PRODUCE, ApiMessageType.METADATA, ApiMessageType.API_VERSIONS,
            ApiMessageType.SASL_HANDSHAKE, ApiMessageType.LIST_CONFIG_RESOURCES}) {
            for (short version = 0; version <= api.highestSupportedVersion(true); version++) {
                if (version < Math.max(api.lowestSupportedVersion(), 1)) {
                    continue;
                }
                for (String client : new String[] {"me", null}) {
                    RequestHeaderData header = new RequestHeaderData()
                        .setRequestApiKey(api.apiKey())
                        .setRequestApiVersion(version)
                        .setCorrelationId(77)
                        .setClientId(client);
                    ByteBuffer frame = RequestUtils.serialize(
                        header, api.requestHeaderVersion(version), api.newRequest(), version);
                    lines.add("request " + api.apiKey() + " " + version + " 77 "
                        + (client == null ? "-" : client) + " " + hex(frame));
                }
                ByteBuffer frame = RequestUtils.serialize(
                    new ResponseHeaderData().setCorrelationId(78),
                    api.responseHeaderVersion(version), api.newResponse(), version);
                lines.add("response " + api.apiKey() + " " + version + " 78 - " + hex(frame));
            }
        }
        return lines;
    }

    static List<String> consumerProtocol() {
        List<String> lines = new ArrayList<>();
        List<TopicPartition> owned = List.of(
            new TopicPartition("a", 0), new TopicPartition("a", 2), new TopicPartition("b", 1));
        for (short version = 0; version <= 3; version++) {
            Subscription subscription = new Subscription(
                List.of("a", "b"), ByteBuffer.wrap(new byte[] {1, 2}), owned, 5,
                java.util.Optional.of("rack"));
            lines.add("subscription " + version + " "
                + hex(ConsumerProtocol.serializeSubscription(subscription, version)));
            lines.add("assignment " + version + " "
                + hex(ConsumerProtocol.serializeAssignment(new Assignment(owned), version)));
        }
        return lines;
    }

    static List<String> errors() {
        List<String> lines = new ArrayList<>();
        for (Errors error : Errors.values()) {
            Exception exception = error.exception();
            String kind = exception instanceof InvalidMetadataException ? "metadata"
                : exception instanceof RetriableException ? "retriable" : "permanent";
            lines.add(error.code() + " " + error.name() + " " + kind);
        }
        return lines;
    }

    // Record batches.

    static List<String> batches() {
        List<String> lines = new ArrayList<>();
        lines.add("# batch NAME CODEC BASE_OFFSET PRODUCER_ID EPOCH BASE_SEQUENCE FLAGS HEX");
        lines.add("# record OFFSET TIMESTAMP KEY VALUE [HEADER_KEY=HEADER_VALUE]..");
        lines.add("# Bytes are in hex, - is null, two quotes are no bytes. A value `pattern`");
        lines.add("# has 5000 bytes: byte j of record i of its batch is j / 50 + i modulo 256.");
        Compression[] codecs = {
            Compression.NONE, Compression.gzip().build(), Compression.snappy().build(),
            Compression.lz4().build(), Compression.zstd().build()};
        for (Compression codec : codecs) {
            String name = codec.type().name;
            batch(lines, name, codec, 0, -1, -1, -1, false, 3, 12);
            batch(lines, name + "-idempotent", codec, 1_000, 4_711, 3, 42, false, 2, 5);
            batch(lines, name + "-transactional", codec, 5L << 33, 4_711, 0, 0, true, 1, 300);
            if (codec != Compression.NONE) {
                // More than one block of snappy and lz4.
                batch(lines, name + "-large", codec, 7, -1, -1, -1, false, 40, 5_000);
            }
        }
        for (boolean commit : new boolean[] {true, false}) {
            ControlRecordType type = commit ? ControlRecordType.COMMIT : ControlRecordType.ABORT;
            MemoryRecords records = MemoryRecords.withEndTransactionMarker(
                99, TIME, 1, 4_711, (short) 3, new EndTransactionMarker(type, 8));
            lines.add("batch " + type.name().toLowerCase(Locale.ROOT)
                + " none 99 4711 3 -1 control,transactional " + hex(records.buffer()));
            records.records().forEach(record -> lines.add("record " + record.offset() + " "
                + record.timestamp() + " " + hex(record.key()) + " " + hex(record.value())));
        }
        MemoryRecordsBuilder appendTime = new MemoryRecordsBuilder(
            ByteBuffer.allocate(1 << 10), (byte) 2, Compression.NONE, TimestampType.LOG_APPEND_TIME,
            3, TIME + 9, -1, (short) -1, -1, false, false, 1, 1 << 10);
        appendTime.append(TIME, new byte[] {1}, new byte[] {2});
        lines.add("batch log-append-time none 3 -1 -1 -1 log-append-time "
            + hex(appendTime.build().buffer()));
        lines.add("record 3 " + (TIME + 9) + " 01 02");
        MemoryRecords old = MemoryRecords.withRecords((byte) 1, 3, Compression.NONE,
            TimestampType.CREATE_TIME, new SimpleRecord(TIME, new byte[] {1}, new byte[] {2}));
        lines.add("batch magic-1 none 3 -1 -1 -1 old " + hex(old.buffer()));
        return lines;
    }

    static void batch(List<String> lines, String name, Compression codec, long offset,
            long producer, int epoch, int sequence, boolean transactional, int count, int size) {
        MemoryRecordsBuilder builder = new MemoryRecordsBuilder(
            ByteBuffer.allocate(1 << 20), (byte) 2, codec, TimestampType.CREATE_TIME, offset, -1L,
            producer, (short) epoch, sequence, transactional, false, 1, 1 << 20);
        List<String> records = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            long time = TIME + (i % 2 == 0 ? i : -i);
            byte[] key = i % 3 == 0 ? null : ("key" + i).getBytes(StandardCharsets.UTF_8);
            byte[] value = i % 3 == 2 ? null : pattern(size, i);
            Header[] headers = i == 0 ? new Header[] {
                new RecordHeader("h", new byte[] {9}), new RecordHeader("h", null),
                new RecordHeader("", new byte[0])} : new Header[0];
            builder.append(time, key, value, headers);
            StringBuilder line = new StringBuilder("record " + (offset + i) + " " + time + " "
                + hex(key) + " " + (size > 1_000 && value != null ? "pattern" : hex(value)));
            for (Header header : headers) {
                line.append(" ").append(hex(header.key().getBytes(StandardCharsets.UTF_8)))
                    .append("=").append(hex(header.value()));
            }
            records.add(line.toString());
        }
        MemoryRecords built = builder.build();
        String flags = transactional ? "transactional" : "plain";
        lines.add("batch " + name + " " + codec.type().name + " " + offset + " " + producer + " "
            + epoch + " " + sequence + " " + flags + " " + hex(built.buffer()));
        lines.addAll(records);
    }

    /** Byte j of record i's value: compressible, and known to the reader of `pattern`. */
    static byte[] pattern(int size, int i) {
        byte[] bytes = new byte[size];
        for (int j = 0; j < size; j++) {
            bytes[j] = (byte) (j / 50 + i);
        }
        return bytes;
    }

    // Partitions.

    /** One digit in base 36 for each key of tests/vectors/partitions/keys.rs, or for each turn. */
    static List<String> partitions() throws IOException {
        StringBuilder keyed = new StringBuilder();
        int state = 1;
        for (int i = 0; i < 10_000; i++) {
            byte[] key = new byte[i % 41];
            for (int j = 0; j < key.length; j++) {
                state = state * 1_664_525 + 1_013_904_223;
                int number = state >>> 24;
                key[j] = (byte) (number < 32 ? number | 64 : number);
            }
            keyed.append(Character.forDigit(BuiltInPartitioner.partitionForKey(key, 31), 36));
        }
        Node node = new Node(1, "localhost", 9092);
        Node[] nodes = {node};
        List<PartitionInfo> infos = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            // Partition 2 has no leader.
            infos.add(new PartitionInfo("t", i, i == 2 ? null : node, nodes, nodes));
        }
        Cluster cluster = new Cluster("id", List.of(node), infos, Set.of(), Set.of());
        StringBuilder turns = new StringBuilder();
        try (RoundRobinPartitioner partitioner = new RoundRobinPartitioner()) {
            for (int i = 0; i < 20; i++) {
                byte[] key = i % 3 == 0 ? null : new byte[] {(byte) i};
                int turn = partitioner.partition("t", key, key, null, null, cluster);
                turns.append(Character.forDigit(turn, 36));
            }
        }
        return List.of("default 31 " + keyed, "round_robin 5 " + turns);
    }

    static String hex(byte[] bytes) {
        return bytes == null ? "-" : bytes.length == 0 ? "\"\"" : HexFormat.of().formatHex(bytes);
    }

    static String hex(ByteBuffer buffer) {
        if (buffer == null) {
            return "-";
        }
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        return hex(bytes);
    }
}
