"""The outbox 发件箱: events written with the change they report, delivered by a job afterwards."""
