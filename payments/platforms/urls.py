"""Routes of platforms and links."""

from django.urls import path

from payments.platforms import api, consent_page, endpoints, pages, suggestions

urlpatterns = [
    path("oauth/authorize", consent_page.ConsentView.as_view(), name="oauth-authorize"),
    path("oauth/token", endpoints.TokenEndpoint.as_view(), name="oauth-token"),
    path("oauth/revoke", endpoints.RevocationEndpoint.as_view(), name="oauth-revoke"),
    path(".well-known/oauth-authorization-server", endpoints.metadata, name="oauth-metadata"),
    path("v1/suggestions", suggestions.SuggestionView.as_view(), name="api-suggestions"),
    path("v1/link", api.OwnLinkView.as_view(), name="api-own-link"),
    path("v1/links", api.LinksView.as_view(), name="api-links"),
    path("v1/links/<str:link_id>", api.LinkView.as_view(), name="api-link"),
    path("links", pages.link_list, name="links"),
    path("links/<str:link_id>", pages.LinkPage.as_view(), name="link"),
    path("links/<str:link_id>/end", pages.end, name="link-end"),
]
