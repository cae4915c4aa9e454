//! Topics that are compressed in another way than the rest.

use tidewire::config::{Codec, Compression};
use tidewire::mock::MockCluster;
use tidewire::{Client, Record};

#[tokio::test(start_paused = true)]
async fn a_topic_may_have_a_codec_of_its_own() {
    let cluster = MockCluster::builder()
        .topic("pictures", 1)
        .topic("words", 1)
        .topic("more", 1)
        .build();
    let client = Client::builder()
        .bootstrap_servers(cluster.bootstrap_servers())
        .connector(cluster.connector())
        .build()
        .unwrap();
    let producer = client
        .producer()
        .compression(Compression::Lz4)
        .topic_compression("pictures", Compression::Snappy)
        .topic_compression("pictures", Compression::None)
        .topic_compression("words", Compression::Snappy)
        .build()
        .unwrap();
    for topic in ["pictures", "words", "more"] {
        let record = Record::to(topic).value(vec![b'x'; 1000]);
        producer.send(record).await.unwrap();
    }
    let codec = |topic| Codec::from_wire_id(cluster.log(topic, 0)[0].codec);
    assert_eq!(codec("pictures"), Some(Codec::None));
    assert_eq!(codec("words"), Some(Codec::Snappy));
    assert_eq!(codec("more"), Some(Codec::Lz4));
    assert_eq!(producer.config().topic_compression.len(), 2);
}
