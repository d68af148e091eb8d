"""Files into running containers: computed from the Dockerfile, over one open exec, verified by digest.

In short, for an app that is live from an image built from ``supervise(...)``'s text::

    syncer = Syncer(cluster, root)
    await syncer.follow(replicas_of_the_release)  # again whenever pods come and go
    image = Image(dockerfile, files, tree)
    plan = plan_sync(image, changes_between(live, saved), rules, before=live_dockerfile)
    if isinstance(plan, SyncPlan):
        result = await syncer.apply(plan)  # a problem means: build instead
"""
