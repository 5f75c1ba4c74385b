# One image for all roles. The command selects the role: api (the default), worker, migrate, or any other command of marquee.
FROM node:20-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --include=dev --no-audit --no-fund
COPY . .
# The optional packages are the embedded Postgres, which is not needed: the database runs in another container.
RUN node bin/set-up.mjs && npm prune --omit=dev --omit=optional --no-audit --no-fund

FROM node:20-slim
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=4000 \
    MARQUEE_HOME=/var/lib/marquee
WORKDIR /app
COPY --from=build /app/package.json /app/schema.graphql ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/prisma ./prisma
COPY --from=build /app/bin/marquee.mjs ./bin/marquee.mjs
COPY --from=build /app/dist ./dist
RUN install -d -o node -g node /var/lib/marquee /var/lib/marquee/inbox /var/lib/marquee/files
USER node
VOLUME /var/lib/marquee
EXPOSE 4000
STOPSIGNAL SIGTERM
# Checks whether the process is alive, not whether it is ready: restarting the API does not help if its database is down.
# Other roles disable this check.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/livez').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "bin/marquee.mjs"]
CMD ["api"]
