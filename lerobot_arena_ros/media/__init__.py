"""
WebRTC: what carries the pictures of a camera between two participants of a video room.

Optional: it needs the extra ``media`` (aiortc and av), and only this folder imports them. No ROS.
The media never pass through the server, which only relays the signalling.

Data flow of a producer, from any thread to many viewers::

    picture -> encoder.CameraEncoder (one thread, one encoding)
            -> tracks.EncodedTrack (one per viewer: a bounded queue of encoded pictures)
            -> peer.Peer (one WebRTC connection per viewer) -> network

and of a consumer::

    network -> peer.Peer -> picture_reader.PictureReader (the newest picture) -> callback

``producer.CameraProducer`` and ``consumer.CameraConsumer`` join a room, exchange offers and
answers through it, and replace connections that fail.
"""
